package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.parameterserver.Shards.Setup;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardStatus;

/** A worker that takes one step in the time of the others' ten; the test is its clock. */
@Timeout(300)
class StragglerTest {
  private static final int TIMES_SLOWER = 10;
  private static final int FAST_WORKERS = 2;
  private static final int STRAGGLER = FAST_WORKERS;
  private static final int STRAGGLERS_STEPS = 6;
  private static final float[] ZEROS = new float[Shards.LAYOUT.size()];

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<ServerParameterStore> stores = new ArrayList<>();

  @AfterEach
  void close() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    stores.forEach(ServerParameterStore::close);
  }

  /** Two shards, the fast workers and the straggler, who all have joined. */
  private Shards start(Consistency consistency) {
    Shards shards = Setup.of(2).consistency(consistency).start(ZEROS);
    for (int worker = 0; worker <= FAST_WORKERS; worker++) {
      stores.add(shards.worker(Shards.LAYOUT, worker));
    }
    return shards;
  }

  /** A worker that pushes as often as it may. */
  private final class Fast {
    final Semaphore allowed = new Semaphore(0);
    final Semaphore taken = new Semaphore(0);
    final AtomicLong steps = new AtomicLong();

    Fast(int worker) {
      ServerParameterStore store = stores.get(worker);
      threads.execute(
          () -> {
            try {
              for (int step = 1; ; step++) {
                allowed.acquire();
                store.push(Gradients.of(worker, step), 0.01);
                steps.incrementAndGet();
                taken.release();
              }
            } catch (InterruptedException | WaitInterruptedException e) {
              // The test is over.
            }
          });
    }
  }

  private List<Fast> startFast() {
    List<Fast> workers = new ArrayList<>();
    for (int worker = 0; worker < FAST_WORKERS; worker++) {
      workers.add(new Fast(worker));
    }
    return workers;
  }

  private void stragglerSteps(int step) {
    stores.get(STRAGGLER).push(Gradients.of(STRAGGLER, step), 0.01);
  }

  /** Ten steps of the others for one of the straggler, again and again. */
  private void playWithoutWaiting() throws InterruptedException {
    List<Fast> fast = startFast();
    for (int step = 1; step <= STRAGGLERS_STEPS; step++) {
      fast.forEach(worker -> worker.allowed.release(TIMES_SLOWER));
      for (Fast worker : fast) {
        worker.taken.acquire(TIMES_SLOWER);
      }
      stragglerSteps(step);
    }
  }

  @Test
  void boundedStalenessLetsTheOthersTakeTenStepsAndNoMore() throws Exception {
    start(new BoundedStaleness(TIMES_SLOWER));
    List<Fast> fast = startFast();
    fast.forEach(worker -> worker.allowed.release(1000));
    for (int step = 1; step <= STRAGGLERS_STEPS; step++) {
      for (Fast worker : fast) {
        // All that the bound allows comes without the straggler: ten steps, then one for each.
        worker.taken.acquire(step == 1 ? TIMES_SLOWER : 1);
        assertThat(worker.steps.get()).isEqualTo(TIMES_SLOWER + step - 1);
      }
      stragglerSteps(step);
    }
  }

  @Test
  void theFirstOfARoundGoOnWithoutTheStraggler() throws Exception {
    Shards shards = start(new Synchronous(FAST_WORKERS));
    playWithoutWaiting();
    assertThat(stores.get(STRAGGLER).lateGradients()).isEqualTo(STRAGGLERS_STEPS);
    for (Shard shard : shards.primaries()) {
      ShardStatus status = shard.status().join();
      assertThat(status.version()).isEqualTo(TIMES_SLOWER * STRAGGLERS_STEPS);
      assertThat(status.pushes()).isEqualTo(FAST_WORKERS * status.version());
      assertThat(status.lateGradients()).isEqualTo(STRAGGLERS_STEPS);
    }
  }

  @Test
  void asynchronousWorkersWaitForNobodyAndTheStragglersGradientsAreStale() throws Exception {
    Shards shards = start(new Asynchronous());
    playWithoutWaiting();
    for (Shard shard : shards.primaries()) {
      ShardStatus status = shard.status().join();
      assertThat(status.version()).isEqualTo((FAST_WORKERS * TIMES_SLOWER + 1) * STRAGGLERS_STEPS);
      long stale = status.staleness().stream().skip(TIMES_SLOWER).mapToLong(Long::longValue).sum();
      assertThat(stale).isGreaterThanOrEqualTo(STRAGGLERS_STEPS);
    }
  }
}
