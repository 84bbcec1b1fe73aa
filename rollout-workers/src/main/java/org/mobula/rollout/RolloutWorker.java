package org.mobula.rollout;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.collection.CollectionStoppedException;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.StepWatch;
import org.mobula.core.experience.Experience;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.training.ExperienceSetup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The object of a worker's actor: environments, a copy of the policy and a random stream. The
 * environments step in a thread of the worker's own, so that a step which never returns holds
 * neither the actor nor the runtime, and a cancelled call ends a collection between two steps.
 */
final class RolloutWorker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RolloutWorker.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** How long a step may go on after its collection was ended. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final int index;
  private final @Nullable Duration stepTimeout;
  private final RolloutCollector collector;
  private final ExecutorService thread;
  private volatile @Nullable Thread carrier; // the one of the executor, once it has collected
  private volatile boolean ended;
  private boolean abandoned;
  private boolean closed;

  /** Which collection was the last to be finished, and what came of it. */
  private long finished;

  private @Nullable Part last;

  /**
   * A worker whose environments have just been reset.
   *
   * @param index of the worker among {@code count}
   * @param restart how many workers this one replaces in its place
   */
  RolloutWorker(ExperienceSetup setup, int index, int count, int restart) {
    this.index = index;
    this.stepTimeout = setup.config().workers().stepTimeout();
    this.collector = setup.collector(index, count, restart);
    this.thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread made = new Thread(task, "rollout-worker-" + index);
              made.setDaemon(true);
              carrier = made;
              return made;
            });
    collector.stopWhen(() -> ended);
  }

  /**
   * A worker's share.
   *
   * @param experience valid until the worker's next collection
   * @param seconds that the collection took
   */
  record Part(Experience experience, double seconds) implements Serializable {}

  /**
   * Collects. A collection that was finished although its call was cancelled is handed out, not
   * collected again.
   *
   * @param number of the collection, from 1
   * @param environmentSteps that the run had taken when it was asked for
   * @param resetOptions of the episodes that start in it
   * @throws CollectionStoppedException if the call is cancelled
   * @throws StepTimeoutException if a step takes longer than it may
   */
  Part collect(
      PolicySnapshot policy, long number, long environmentSteps, Map<String, Object> resetOptions) {
    requireSound();
    if (last != null && number == finished) {
      return last;
    }
    ended = false;
    long start = System.nanoTime();
    Future<Experience> collection =
        thread.submit(
            () -> {
              collector.resetOptions(resetOptions);
              return collector.collect(policy, environmentSteps);
            });
    Part part = new Part(await(collection), (System.nanoTime() - start) / 1e9);
    finished = number;
    last = part;
    return part;
  }

  private Experience await(Future<Experience> collection) {
    StepWatch slow = new StepWatch(System::nanoTime, PATIENCE);
    StepWatch stuck = new StepWatch(System::nanoTime, stepTimeout == null ? PATIENCE : stepTimeout);
    long look =
        stepTimeout == null ? 1000 : Math.max(1, Math.min(1000, stepTimeout.toMillis() / 4));
    while (true) {
      try {
        return get(collection, look);
      } catch (TimeoutException e) {
        List<StepInProgress> present = collector.inProgress();
        if (stepTimeout != null) {
          for (StepInProgress step : stuck.overdue(present)) {
            abandon(collection);
            throw new StepTimeoutException(step, stepTimeout);
          }
        }
        slow.overdue(present)
            .forEach(
                step ->
                    LOG.warn(
                        "rollout worker {}: {} has not returned for {} s; workers.step-timeout"
                            + " restarts the worker of such a step",
                        index,
                        step,
                        PATIENCE.toSeconds()));
      } catch (InterruptedException e) {
        ended = true;
        Experience whole = awaitEnd(collection);
        Thread.currentThread().interrupt();
        if (whole != null) {
          return whole;
        }
        throw new CollectionStoppedException();
      }
    }
  }

  private static Experience get(Future<Experience> collection, long milliseconds)
      throws TimeoutException, InterruptedException {
    try {
      return collection.get(milliseconds, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      } else if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /**
   * The step in hand is left to end by itself; one that does not is given up. If it was the last
   * one the collection is whole, and its worker is past it.
   */
  private @Nullable Experience awaitEnd(Future<Experience> collection) {
    try {
      return get(collection, GRACE.toMillis());
    } catch (TimeoutException | InterruptedException e) {
      LOG.debug("rollout worker {} is still in a step", index, e);
      abandon(collection);
    } catch (RuntimeException e) {
      LOG.debug("the collection of rollout worker {} has ended", index, e);
    }
    return null;
  }

  private void abandon(Future<Experience> collection) {
    abandoned = true;
    ended = true;
    collection.cancel(true);
  }

  private void requireSound() {
    if (abandoned) {
      throw new IllegalStateException("a step of its environments has never returned");
    }
  }

  /**
   * The worker's state.
   *
   * @param unused number of a collection that nobody has learnt from: if it is finished it is
   *     handed out again; 0 for none
   */
  byte[] state(long unused) throws IOException {
    requireSound();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      if (unused > 0 && unused == finished) {
        collector.writeStateBeforeHandingOut(out);
      } else {
        collector.writeState(out);
      }
    }
    return bytes.toByteArray();
  }

  void restore(byte[] state) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
      collector.readState(in);
    }
  }

  /** Called by the source, which waits for it, and once more by the runtime. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (abandoned) {
      thread.execute(collector::close); // when the step returns, if it ever does
      thread.shutdown();
    } else {
      thread.shutdown();
      collector.close();
      awaitThread();
    }
  }

  /** No collection is under way, so the thread ends as soon as a processor is free. */
  private void awaitThread() {
    Thread ending = carrier;
    if (ending == null) {
      return;
    }
    try {
      ending.join(GRACE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
