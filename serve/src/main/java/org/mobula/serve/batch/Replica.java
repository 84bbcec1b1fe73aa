package org.mobula.serve.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.mobula.core.runtime.ActorDiedException;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
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

  private final Batcher batcher;
  private final TaskRuntime runtime;
  private final Model model;
  private final String name;
  private final Thread thread;
  private long pauseMillis = FIRST_PAUSE_MILLIS;
  private volatile ActorRef<ModelRunner> actor;

  /** What it computes now; for deadlines. */
  volatile List<Work> working = List.of();

  Replica(Batcher batcher, TaskRuntime runtime, Model model, String name) {
    this.batcher = batcher;
    this.runtime = runtime;
    this.model = model;
    this.name = name;
    this.thread = new Thread(this, "serve-" + name);
    this.thread.setDaemon(true);
    this.actor = newActor(runtime, model);
  }

  private static ActorRef<ModelRunner> newActor(TaskRuntime runtime, Model model) {
    // Without a name in the runtime: a version that is loaded again meets the one that still ends.
    return runtime.actor(ActorOptions.defaults(), model::runner);
  }

  /** Computes a row that nobody waits for. */
  void warmUp() {
    List<Tensor> zeros = new ArrayList<>(model.trial(1));
    model.state().forEach(spec -> zeros.add(spec.zeros(1)));
    compute(actor, new Batch(zeros, List.of(new Batch.Request(1, Map.of()))));
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
    long start = System.nanoTime();
    List<Tensor> outputs;
    try {
      outputs = compute(actor, batchOf(batch));
      pauseMillis = FIRST_PAUSE_MILLIS;
    } catch (ActorDiedException | TaskCancelledException e) {
      LOG.warn("replica {} died", name, e);
      batch.forEach(work -> batcher.fail(work, Failure.REPLICA_DIED));
      replaceActor();
      return;
    } catch (TaskException e) {
      serveOneByOne(batch, e);
      return;
    }
    batcher.statistics().computeNanos.add(System.nanoTime() - start);
    batcher.statistics().computed(outputs.get(0).rows()); // before anybody can have the answer
    int row = 0;
    for (Work work : batch) {
      batcher.succeed(work, part(outputs, row, work.rows()));
      row += work.rows();
    }
  }

  /** An error of the model is only that request's that causes it. */
  private void serveOneByOne(List<Work> batch, TaskException error) throws InterruptedException {
    if (batch.size() == 1) {
      LOG.warn("{} failed on a request", name, error);
      batcher.fail(batch.get(0), Failure.MODEL_FAILED);
      return;
    }
    for (Work work : batch) {
      serve(List.of(work));
    }
  }

  private List<Tensor> compute(ActorRef<ModelRunner> on, Batch batch) {
    return runtime.get(on.call(runner -> runner.compute(batch)));
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
    while (true) {
      runtime.kill(actor, false); // it may be the call alone that ended
      actor = newActor(runtime, model);
      try {
        warmUp();
        return;
      } catch (ActorDiedException e) {
        Thread.sleep(pauseMillis);
        pauseMillis = Math.min(LAST_PAUSE_MILLIS, 2 * pauseMillis);
      } catch (TaskException e) {
        LOG.warn("{} fails on zeros", name, e);
        return;
      }
    }
  }
}
