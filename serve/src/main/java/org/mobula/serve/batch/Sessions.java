package org.mobula.serve.batch;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.Sequence;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;

/**
 * The states of sessions, for models that have a state: it goes into the model behind the inputs,
 * comes out behind the outputs, and is kept here in between. So replicas know nothing of sessions:
 * any of them computes the next request, and one that dies takes no state with it.
 */
public final class Sessions {
  /** Sessions that are kept at most. */
  static final int MOST = 65_536;

  /** Requests of a session that may wait for those before them. */
  static final int MOST_WAITING = 64;

  private final Batcher batcher;
  private final LongSupplier nanoClock;

  /** From the one used longest ago to the one used last; guarded by this. */
  private final Map<String, Session> byId = new LinkedHashMap<>(16, 0.75f, true);

  /** Of a version of a model, none yet. */
  public Sessions(Batcher batcher) {
    this(batcher, System::nanoTime);
  }

  Sessions(Batcher batcher, LongSupplier nanoClock) {
    this.batcher = batcher;
    this.nanoClock = nanoClock;
  }

  /** Guarded by the sessions. */
  private static final class Session {
    final ArrayDeque<Step> waiting = new ArrayDeque<>();
    List<Tensor> state = List.of(); // none: zeros
    int rows;
    boolean busy;
    long usedNanos;
  }

  /**
   * Hands in a request as {@link Batcher#submit} does.
   *
   * @param sequence null for a request that stands alone
   * @throws InvalidInputException if its session is not known, or has another number of rows
   */
  public boolean submit(
      List<Tensor> inputs,
      Map<String, Object> parameters,
      @Nullable Sequence sequence,
      long acceptedNanos,
      @Nullable Duration timeout,
      Completion completion) {
    if (batcher.model().state().isEmpty()) {
      return batcher.submit(inputs, parameters, acceptedNanos, timeout, completion);
    }
    Request request = new Request(inputs, parameters, acceptedNanos, timeout, completion);
    if (sequence == null) {
      return new Step(request, null, new Session()).compute();
    }
    Step step = turn(request, sequence);
    if (step == null) {
      return true;
    }
    boolean taken = step.compute();
    if (!taken) {
      step.end();
    }
    return taken;
  }

  private record Request(
      List<Tensor> inputs,
      Map<String, Object> parameters,
      long acceptedNanos,
      @Nullable Duration timeout,
      Completion completion) {
    int rows() {
      return inputs.get(0).rows();
    }
  }

  /** The request as its session's next one; null if it has to wait, or is turned away. */
  private @Nullable Step turn(Request request, Sequence sequence) {
    synchronized (this) {
      Session session = session(sequence, request.rows());
      if (session != null && !session.busy) {
        session.busy = true;
        return new Step(request, sequence, session);
      } else if (session != null && session.waiting.size() < MOST_WAITING) {
        session.waiting.add(new Step(request, sequence, session));
        return null;
      }
    }
    request.completion().fail(Failure.OVERLOADED);
    return null;
  }

  /** The session that a request belongs to; null if there are too many. */
  private @Nullable Session session(Sequence sequence, int rows) {
    evict();
    Session session = byId.get(sequence.id());
    boolean starts = Boolean.TRUE.equals(sequence.start());
    if (session == null) {
      if (Boolean.FALSE.equals(sequence.start())) {
        throw new InvalidInputException(
            "session '%s' is not known: it has not begun, or was idle for longer than %s s; begin it with sequence_start"
                .formatted(sequence.id(), batcher.config().sessionIdleTimeout().toSeconds()));
      }
      if (byId.size() == MOST) {
        return null;
      }
      session = new Session();
      session.rows = rows;
      byId.put(sequence.id(), session);
    } else if (starts) {
      session.rows = rows;
    } else if (session.rows != rows) {
      throw new InvalidInputException(
          "the request has %s rows but its session has %s; a session keeps its number of rows"
              .formatted(rows, session.rows));
    }
    session.usedNanos = nanoClock.getAsLong();
    return session;
  }

  private void evict() {
    long oldest = nanoClock.getAsLong() - batcher.config().sessionIdleTimeout().toNanos();
    Iterator<Session> sessions = byId.values().iterator();
    while (sessions.hasNext()) {
      Session session = sessions.next();
      if (session.busy || session.usedNanos - oldest >= 0) {
        return; // those behind it were used later
      }
      sessions.remove();
    }
  }

  /** Sessions that are known now. */
  public synchronized int size() {
    evict();
    return byId.size();
  }

  /** A request that has, or waits for, its session's turn. */
  private final class Step implements Completion {
    private final Request request;
    private final @Nullable Sequence sequence;
    private final Session session;

    Step(Request request, @Nullable Sequence sequence, Session session) {
      this.request = request;
      this.sequence = sequence;
      this.session = session;
    }

    /** False if the batcher is closed. */
    boolean compute() {
      List<TensorSpec> specs = batcher.model().state();
      boolean starts = sequence != null && Boolean.TRUE.equals(sequence.start());
      List<Tensor> inputs = new ArrayList<>(request.inputs());
      synchronized (Sessions.this) {
        if (session.state.isEmpty() || starts) {
          specs.forEach(spec -> inputs.add(spec.zeros(request.rows())));
        } else {
          inputs.addAll(session.state);
        }
      }
      return batcher.submit(
          inputs, request.parameters(), request.acceptedNanos(), request.timeout(), this);
    }

    @Override
    public boolean isAbandoned() {
      return request.completion().isAbandoned();
    }

    @Override
    public void succeed(List<Tensor> outputs) {
      int own = outputs.size() - batcher.model().state().size();
      synchronized (Sessions.this) {
        session.state = List.copyOf(outputs.subList(own, outputs.size()));
      }
      end(); // before the answer, upon which the client may ask again
      request.completion().succeed(outputs.subList(0, own));
    }

    @Override
    public void fail(Failure failure) {
      end(); // with the state that there was before
      request.completion().fail(failure);
    }

    /** Gives the turn to the next request. */
    void end() {
      if (sequence == null) {
        return;
      }
      Step next;
      synchronized (Sessions.this) {
        session.usedNanos = nanoClock.getAsLong();
        byId.get(sequence.id()); // it is the one used last
        if (sequence.end()) {
          session.state = List.of();
        }
        next = session.waiting.poll();
        session.busy = next != null;
        if (next == null && session.state.isEmpty()) {
          byId.remove(sequence.id());
        }
      }
      if (next != null && !next.compute()) {
        next.fail(Failure.CLOSED);
      }
    }
  }
}
