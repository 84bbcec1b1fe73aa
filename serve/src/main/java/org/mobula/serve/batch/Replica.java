package org.mobula.serve.batch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorDiedException;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.GetTimeoutException;
import org.mobula.core.runtime.TaskCancelledException;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Model;
import org.mobula.serve.model.ModelRunner;
import org.mobula.serve.model.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An actor that computes a model, and the thread that brings it batches. */
final class Replica implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LAST_PAUSE_MILLIS = 5_000;

  /** How many times as long as the last start another may take, beside model-timeout. */
  private static final long SLOWER = 4;

  private static final long NO_CALL = Long.MIN_VALUE;

  /** For the first start, which may load much. */
  private static final Duration FIRST_START = Duration.ofMinutes(10);

  private final Batcher batcher;
  private final TaskRuntime runtime;
  private final Model model;
  private final String name;
  private final int outputCount; // those of the signature, and then the state
  private final Thread thread;
  private long pauseMillis = FIRST_PAUSE_MILLIS;
  private long startPatienceNanos = FIRST_START.toNanos();
  private volatile ActorRef<ModelRunner> actor;

  /** When the call under way began, as {@link Batcher#now}; {@link #NO_CALL} for none. */
  private final AtomicLong callNanos = new AtomicLong(NO_CALL);

  private volatile boolean serving;

  /** What it computes now; for deadlines. */
  volatile List<Work> working = List.of();

  Replica(Batcher batcher, TaskRuntime runtime, Model model, String name) {
    this.batcher = batcher;
    this.runtime = runtime;
    this.model = model;
    this.name = name;
    this.outputCount = model.signature().outputs().size() + model.state().size();
    this.thread = new Thread(this, "serve-" + name);
    this.thread.setDaemon(true);
    this.actor = newActor(runtime, model);
  }

  private static ActorRef<ModelRunner> newActor(TaskRuntime runtime, Model model) {
    // Without a name in the runtime: a version that is loaded again meets the one that still ends.
    // Without the runtime's restarts: one that hangs must be replaced while its call goes on, and
    // no
    // request may come before the new one is warm.
    return runtime.actor(ActorOptions.defaults(), model::runner);
  }

  /**
   * Computes a row that nobody waits for.
   *
   * @throws TaskException if the model cannot be started
   * @throws GetTimeoutException if it does not return in a time that is measured by its first start
   */
  void warmUp() {
    long start = System.nanoTime();
    List<Tensor> zeros = new ArrayList<>(model.trial(1));
    model.state().forEach(spec -> zeros.add(spec.zeros(1)));
    Batch batch = new Batch(zeros, List.of(new Batch.Request(1, Map.of())));
    runtime.get(actor.call(runner -> runner.compute(batch)), Duration.ofNanos(startPatienceNanos));
    startPatienceNanos =
        batcher.config().modelPatience().toNanos() + SLOWER * (System.nanoTime() - start);
    serving = true;
  }

  /** Whether it computes requests, or would. */
  boolean isServing() {
    return serving;
  }

  /** Whether the model has not returned for too long. */
  boolean isHung(long now) {
    long since = callNanos.get();
    return since != NO_CALL && now - since > batcher.config().modelPatience().toNanos();
  }

  /** Ends a call that does not return: the thread that waits for it goes on with another actor. */
  void giveUp() {
    ActorRef<ModelRunner> stuck = actor;
    long since = callNanos.get();
    if (since == NO_CALL || !callNanos.compareAndSet(since, NO_CALL)) {
      return; // it has just returned
    }
    serving = false;
    batcher.statistics().hung.increment();
    LOG.error(
        "{} has not returned from a call for {} s (model-timeout); its replica is replaced. The"
            + " call's thread stays until it returns",
        name,
        batcher.config().modelPatience().toMillis() / 1e3);
    working.forEach(work -> batcher.fail(work, Failure.EXPIRED));
    runtime.kill(stuck, false);
  }

  void start() {
    thread.start();
  }

  /** Ends at once. */
  void kill() {
    thread.interrupt();
    runtime.kill(actor, false);
  }

  @Override
  public void run() {
    List<Work> batch = new ArrayList<>();
    try {
      while (batcher.take(this, batch)) {
        serve(batch);
        working = List.of();
      }
    } catch (InterruptedException | WaitInterruptedException | IllegalStateException e) {
      LOG.debug("{} was ended, or the runtime was closed", name, e);
    } finally {
      working.forEach(work -> batcher.fail(work, Failure.CLOSED));
      runtime.kill(actor, false);
      batcher.ended(this);
    }
  }

  private void serve(List<Work> batch) throws InterruptedException {
    long start = batcher.now();
    List<Tensor> outputs;
    boolean givenUp = false;
    try {
      callNanos.set(start);
      try {
        outputs = compute(actor, batchOf(batch));
      } finally {
        givenUp = !callNanos.compareAndSet(start, NO_CALL);
      }
      pauseMillis = FIRST_PAUSE_MILLIS;
    } catch (ActorDiedException | TaskCancelledException e) {
      if (!givenUp) {
        batcher.faults().log("replica " + name + " died", e);
        batcher.statistics().died.increment();
      }
      batch.forEach(work -> batcher.fail(work, Failure.REPLICA_DIED));
      replaceActor();
      return;
    } catch (TaskException | WrongOutputsException e) {
      if (givenUp) {
        replaceActor();
      }
      serveOneByOne(batch, e);
      return;
    }
    batcher.statistics().computeNanos.add(batcher.now() - start);
    batcher.statistics().computed(outputs.get(0).rows()); // before anybody can have the answer
    int row = 0;
    for (Work work : batch) {
      batcher.succeed(work, part(outputs, row, work.rows()));
      row += work.rows();
    }
    if (givenUp) { // in the moment in which it returned
      replaceActor();
    }
  }

  /** An error of the model is only that request's that causes it. */
  private void serveOneByOne(List<Work> batch, RuntimeException error) throws InterruptedException {
    if (batch.size() == 1) {
      String id = batch.get(0).completion.requestId();
      batcher
          .faults()
          .log(
              name + " failed on " + (id.isEmpty() ? "a request without an id" : "request " + id),
              error.getCause() == null ? error : error.getCause());
      batcher.fail(batch.get(0), Failure.MODEL_FAILED);
      return;
    }
    for (Work work : batch) {
      serve(List.of(work));
    }
  }

  private List<Tensor> compute(ActorRef<ModelRunner> on, Batch batch) {
    List<Tensor> outputs = runtime.get(on.call(runner -> runner.compute(batch)));
    check(outputs, batch.inputs().get(0).rows());
    return outputs;
  }

  /** The outputs of a model that somebody has written: a row too few would be another's. */
  private void check(@Nullable List<Tensor> outputs, int rows) {
    if (outputs == null || outputs.size() != outputCount) {
      throw new WrongOutputsException(
          "the model gave %s outputs but its signature and state have %s"
              .formatted(outputs == null ? "no" : outputs.size(), outputCount));
    }
    for (Tensor output : outputs) {
      if (output.rows() != rows) {
        throw new WrongOutputsException(
            "the model gave %s rows of output '%s' but was given %s rows of inputs"
                .formatted(output.rows(), output.name(), rows));
      }
    }
  }

  /** A model broke the promise of {@link ModelRunner#compute}. */
  private static final class WrongOutputsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongOutputsException(String message) {
      super(message);
    }
  }

  private static Batch batchOf(List<Work> works) {
    if (works.size() == 1) {
      return new Batch(works.get(0).inputs, List.of(works.get(0).request));
    }
    List<Batch.Request> requests = new ArrayList<>(works.size());
    works.forEach(work -> requests.add(work.request));
    int inputs = works.get(0).inputs.size();
    List<Tensor> whole = new ArrayList<>(inputs);
    for (int i = 0; i < inputs; i++) {
      List<Tensor> parts = new ArrayList<>(works.size());
      for (Work work : works) {
        parts.add(work.inputs.get(i));
      }
      whole.add(Tensor.concatenate(parts));
    }
    return new Batch(whole, requests);
  }

  private static List<Tensor> part(List<Tensor> outputs, int from, int rows) {
    if (outputs.get(0).rows() == rows) {
      return outputs;
    }
    List<Tensor> part = new ArrayList<>(outputs.size());
    for (Tensor output : outputs) {
      part.add(output.rows(from, rows));
    }
    return part;
  }

  /**
   * A new actor rather than a restart of the old one, which would wait for the call that was under
   * way: a model may never return from it. One that dies at once is tried later and later, so that
   * it is not busy dying.
   */
  private void replaceActor() throws InterruptedException {
    serving = false;
    while (true) {
      runtime.kill(actor, false); // it may be the call alone that ended
      actor = newActor(runtime, model);
      try {
        warmUp();
        return;
      } catch (ActorDiedException e) {
        Thread.sleep(pauseMillis);
        pauseMillis = Math.min(LAST_PAUSE_MILLIS, 2 * pauseMillis);
      } catch (GetTimeoutException e) {
        batcher.faults().log(name + " does not return from its first computation", e);
      } catch (TaskException e) {
        batcher.faults().log(name + " fails on its first computation", e);
        serving = true; // it may fail on zeros alone
        return;
      }
    }
  }
}
