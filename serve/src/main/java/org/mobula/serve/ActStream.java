package org.mobula.serve;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.http.PartSource;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.model.Sequence;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.protocol.ActRequest;
import org.mobula.serve.protocol.ActResponse;
import org.mobula.serve.protocol.Answer;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferenceService;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.protocol.RequestRefusedException;

/**
 * Actions as JSON lines, one for each observation. Some observations are computed at a time, the
 * next ones when the client takes those before. What goes wrong before the first line is answered
 * by its status; later by a last line with the error.
 */
final class ActStream implements PartSource {
  static final String TYPE = "application/x-ndjson";

  /** Observations that are computed together: few, so that the first line comes soon. */
  private static final int ROWS = 64;

  private final Inference inference;
  private final HttpRequest request;
  private final ServedModel model;
  private final ActRequest act;
  private int next;
  private boolean failed;
  private @Nullable ByteBuffer first;

  private ActStream(Inference inference, HttpRequest request, ServedModel model, ActRequest act) {
    this.inference = inference;
    this.request = request;
    this.model = model;
    this.act = act;
  }

  /** Computes the first observations; the answer begins with their actions. */
  static void start(
      Inference inference,
      HttpRequest request,
      HttpResponder responder,
      ServedModel model,
      ActRequest act) {
    ActStream stream = new ActStream(inference, request, model, act);
    stream.compute(
        request.receivedNanos(),
        new Ends() {
          @Override
          public void lines(ByteBuffer lines) {
            stream.first = lines;
            responder.stream(200, TYPE, Map.of(), stream);
          }

          @Override
          public void refuse(String sentence) {
            RestCaller.error(responder, 400, sentence, Map.of());
          }

          @Override
          public void fail(Failure failure) {
            RestCaller.fail(responder, failure);
          }
        });
  }

  @Override
  public void next(Sink sink) {
    ByteBuffer ready = first;
    if (ready != null) {
      first = null;
      sink.part(ready);
      return;
    }
    if (failed || next == act.rows()) {
      sink.end();
      return;
    }
    Ends ends =
        new Ends() {
          @Override
          public void lines(ByteBuffer lines) {
            sink.part(lines);
          }

          @Override
          public void refuse(String sentence) {
            failed = true;
            ByteBuffer error = Documents.error(sentence);
            sink.part(
                ByteBuffer.allocate(error.remaining() + 1).put(error).put((byte) '\n').flip());
          }

          @Override
          public void fail(Failure failure) {
            refuse(failure.sentence());
          }
        };
    try {
      compute(System.nanoTime(), ends);
    } catch (InvalidInputException | InvalidRequestException | RequestRefusedException e) {
      ends.refuse(String.valueOf(e.getMessage()));
    }
  }

  /** How a computation can end. */
  private interface Ends {
    void lines(ByteBuffer lines);

    void refuse(String sentence);

    void fail(Failure failure);
  }

  private void compute(long startNanos, Ends ends) {
    while (true) {
      Deployment deployment = inference.deployment(model, null, act.session());
      int rows =
          Math.min(
              Math.min(ROWS, deployment.batcher().config().maxRequestRows()), act.rows() - next);
      Signature signature = deployment.signature();
      List<Tensor> inputs = signature.check(act.inputs(signature, next, rows));
      int from = next;
      next += rows; // before the next part can be asked for, by another thread
      Inference.Question question =
          new Inference.Question(inputs, parameters(from), sequence(from, next), null);
      if (inference.compute(model, deployment, question, null, new Piece(startNanos, ends))) {
        return;
      }
      next = from; // that version has just been exchanged for another
    }
  }

  /** The session starts with the first piece and ends with the last. */
  private @Nullable Sequence sequence(int from, int to) {
    Sequence whole = act.sequence();
    return whole == null
        ? null
        : new Sequence(
            whole.id(), from == 0 ? whole.start() : null, whole.end() && to == act.rows());
  }

  /** A seed serves for the whole stream: each piece must not draw the same again. */
  private Map<String, Object> parameters(int from) {
    if (!(act.parameters().get(PolicyModel.SEED) instanceof Long seed)) {
      return act.parameters();
    }
    Map<String, Object> own = new HashMap<>(act.parameters());
    own.put(PolicyModel.SEED, seed + from);
    return own;
  }

  /** Some observations on their way. */
  private final class Piece implements InferenceService.Caller {
    private final long startNanos;
    private final Ends ends;

    Piece(long startNanos, Ends ends) {
      this.startNanos = startNanos;
      this.ends = ends;
    }

    @Override
    public long receivedNanos() {
      return startNanos;
    }

    @Override
    public @Nullable Duration patience() {
      return null;
    }

    @Override
    public boolean isAbandoned() {
      return request.isAbandoned();
    }

    @Override
    public void succeed(Answer answer) {
      ByteBuffer lines;
      try {
        lines = ActResponse.lines(answer.outputs(), answer.version(), answer.recordId());
      } catch (InvalidRequestException e) { // an output that cannot be said
        ends.refuse(String.valueOf(e.getMessage()));
        return;
      }
      ends.lines(lines);
    }

    @Override
    public void fail(Failure failure) {
      ends.fail(failure);
    }
  }
}
