package org.mobula.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.testing.NewThread;
import org.mobula.serve.model.Tensor;

@Timeout(300)
final class BatcherTest {
  private static final BatchingConfig CONFIG = BatchingConfig.defaults();

  private final TaskRuntime runtime = LocalTaskRuntime.builder().cpus(4).build();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong advanced = new AtomicLong();
  private final List<Batcher> batchers = new ArrayList<>();
  private final GatedModel model = new GatedModel(false);

  @AfterEach
  void end() {
    model.gate().open.release(1_000_000);
    batchers.forEach(batcher -> batcher.close(Duration.ZERO));
    clock.shutdownNow();
    runtime.close();
  }

  @Test
  void aCallThatDoesNotReturnCostsItsReplicaItsPlace() throws Exception {
    Batcher batcher =
        start(
            CONFIG.with(
                b -> b.modelTimeout(Duration.ofHours(1)).requestTimeout(Duration.ofHours(9))));
    assertThat(batcher.isReady()).isTrue();
    model.gate().starts.drainPermits();
    Result stuck = submit(batcher, Duration.ofHours(9), 1);
    model.gate().entered.acquire();
    advance(Duration.ofHours(2));
    assertThat(stuck.failure.get()).isEqualTo(Failure.EXPIRED);
    assertThat(batcher.isReady()).isFalse(); // and stays so until there is another
    assertThat(batcher.statistics().hung()).isEqualTo(1);
    model.gate().starts.release(1_000);
    model.gate().open.release(1_000);
    Result waiting = submit(batcher, 2);
    assertThat(waiting.outputs.get()).containsExactly(4);
    assertThat(batcher.isReady()).isTrue();
    assertThat(batcher.statistics().failed(Failure.EXPIRED)).isEqualTo(1);
    assertThat(batcher.statistics().died()).isZero();
  }

  @Test
  void saysWhetherItsReplicasEnded() throws Exception {
    Batcher batcher = start(BatchingConfig.defaults());
    submit(batcher, 1);
    model.gate().entered.acquire();
    assertThat(batcher.close(Duration.ofMillis(10))).isFalse();
    model.gate().open.release(1_000);
    Batcher idle = start(BatchingConfig.defaults());
    assertThat(idle.close(Duration.ofSeconds(60))).isTrue();
  }

  private Batcher start(BatchingConfig config) {
    Batcher batcher =
        Batcher.start(
            runtime, clock, "double/1", model, config, new BatcherStatistics(), this::now);
    batchers.add(batcher);
    return batcher;
  }

  private long now() {
    return System.nanoTime() + advanced.get();
  }

  /** Lets time pass that no machine is slow enough to let pass by itself. */
  private void advance(Duration time) {
    advanced.addAndGet(time.toNanos());
  }

  /** What became of a request. */
  private static final class Result implements Completion {
    final CompletableFuture<float[]> outputs = new CompletableFuture<>();
    final CompletableFuture<Failure> failure = new CompletableFuture<>();
    volatile boolean abandoned;

    @Override
    public boolean isAbandoned() {
      return abandoned;
    }

    @Override
    public void succeed(List<Tensor> tensors) {
      assertThat(isDone()).isFalse();
      outputs.complete(tensors.get(0).floats());
    }

    @Override
    public void fail(Failure reason) {
      assertThat(isDone()).isFalse();
      failure.complete(reason);
    }

    boolean isDone() {
      return outputs.isDone() || failure.isDone();
    }
  }

  private Result submit(Batcher batcher, float... x) {
    return submit(batcher, Duration.ofSeconds(30), x);
  }

  private Result submit(Batcher batcher, Duration timeout, float... x) {
    Result result = new Result();
    boolean taken =
        batcher.submit(List.of(Tensor.of("x", x, x.length)), Map.of(), now(), timeout, result);
    assertThat(taken).isTrue();
    return result;
  }

  /** Submits a request that a replica takes and does not end before the gate opens. */
  private Result occupy(Batcher batcher) throws InterruptedException {
    Result result = submit(batcher, 1);
    model.gate().entered.acquire();
    return result;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  @Test
  void anIdleReplicaComputesAtOnceAndBatchesFormWhileItIsBusy() throws Exception {
    Batcher batcher = start(CONFIG);
    Result first = occupy(batcher);
    List<Result> others = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      others.add(submit(batcher, 10 + i, 20 + i));
    }
    assertThat(batcher.queued()).isEqualTo(5);
    model.gate().open.release(2);
    assertThat(first.outputs.get()).containsExactly(2);
    for (int i = 0; i < 5; i++) {
      assertThat(others.get(i).outputs.get()).containsExactly(20 + 2 * i, 40 + 2 * i);
    }
    assertThat(model.gate().batchRows).containsExactly(1, 10);
    assertThat(batcher.statistics().succeeded()).isEqualTo(6);
  }

  @Test
  void aBatchHasNoMoreRowsThanConfiguredButALargeRequestGoesAlone() throws Exception {
    Batcher batcher = start(CONFIG.with(b -> b.maxBatchRows(4)));
    occupy(batcher);
    submit(batcher, 1, 2, 3);
    submit(batcher, 1);
    submit(batcher, 1, 2, 3, 4, 5, 6);
    Result last = submit(batcher, 7);
    model.gate().open.release(10);
    last.outputs.get();
    assertThat(model.gate().batchRows).containsExactly(1, 4, 6, 1);
  }

  @Test
  void waitsForAFullerBatchWhereToldTo() throws Exception {
    model.gate().open.release(10);
    Batcher batcher =
        start(CONFIG.with(b -> b.maxBatchDelay(Duration.ofSeconds(20)).maxBatchRows(3)));
    submit(batcher, 1);
    submit(batcher, 1);
    assertThat(submit(batcher, 5).outputs.get()).containsExactly(10);
    assertThat(model.gate().batchRows).containsExactly(3);
  }

  @Test
  void turnsRequestsAwayWhenTheQueueIsFull() throws Exception {
    Batcher batcher = start(CONFIG.with(b -> b.queueCapacity(2)));
    occupy(batcher);
    Result waiting = submit(batcher, 1);
    submit(batcher, 1);
    assertThat(submit(batcher, 1).failure.getNow(null)).isEqualTo(Failure.OVERLOADED);
    model.gate().open.release(2);
    assertThat(waiting.outputs.get()).containsExactly(2);
    assertThat(batcher.statistics().failed(Failure.OVERLOADED)).isEqualTo(1);
  }

  @Test
  void aRequestEndsAtItsDeadlineWaitingOrNot() throws Exception {
    Batcher batcher =
        start(
            CONFIG.with(
                b -> b.requestTimeout(Duration.ofHours(2)).modelTimeout(Duration.ofHours(9))));
    Result computing = submit(batcher, Duration.ofHours(5), 1);
    model.gate().entered.acquire();
    Result waiting = submit(batcher, Duration.ofHours(1), 5);
    advance(Duration.ofMinutes(90));
    assertThat(waiting.failure.get()).isEqualTo(Failure.EXPIRED);
    assertThat(computing.isDone()).isFalse();
    advance(Duration.ofMinutes(60)); // more than request-timeout, though not what was asked for
    assertThat(computing.failure.get()).isEqualTo(Failure.EXPIRED);
    model.gate().open.release(2);
    assertThat(submit(batcher, 3).outputs.get()).containsExactly(6);
    assertThat(model.gate().batchRows)
        .containsExactly(1, 1); // the one that waited was not computed
  }

  @Test
  void dropsWhatNobodyWaitsFor() throws Exception {
    Batcher batcher = start(CONFIG);
    occupy(batcher);
    Result gone = submit(batcher, 5, 5);
    gone.abandoned = true;
    model.gate().open.release(2);
    assertThat(submit(batcher, 3).outputs.get()).containsExactly(6);
    assertThat(model.gate().batchRows).doesNotContain(2, 3);
    assertThat(batcher.statistics().abandoned()).isEqualTo(1);
  }

  @Test
  void closingFinishesWhatIsThere() throws Exception {
    Batcher batcher = start(CONFIG);
    Result computing = occupy(batcher);
    Result waiting = submit(batcher, 5);
    Thread closing = new Thread(() -> batcher.close(Duration.ofSeconds(30)));
    closing.start();
    await(() -> !batcher.isReady());
    assertThat(
            batcher.submit(List.of(Tensor.of("x", new float[] {1}, 1)), Map.of(), 0, null, waiting))
        .isFalse();
    model.gate().open.release(2);
    assertThat(computing.outputs.get()).containsExactly(2);
    assertThat(waiting.outputs.get()).containsExactly(10);
    closing.join();
    assertThat(batcher.replicas()).isZero();
    await(() -> runtime.metrics().liveActors() == 0);
  }

  @Test
  void closingWithoutPatienceFailsWhatIsThere() throws Exception {
    Batcher batcher = start(CONFIG);
    Result computing = occupy(batcher);
    Result waiting = submit(batcher, 5);
    batcher.close(Duration.ZERO);
    assertThat(computing.failure.get()).isEqualTo(Failure.CLOSED);
    assertThat(waiting.failure.get()).isEqualTo(Failure.CLOSED);
  }

  @Test
  void aDyingReplicaFailsOnlyWhatItComputesAndIsReplaced() throws Exception {
    Batcher batcher = start(CONFIG.with(b -> b.maxBatchRows(1)));
    model.gate().open.release(1_000);
    for (int i = 0; i < 40; i++) {
      Result dying = submit(batcher, GatedModel.BREAKS);
      Result next = submit(batcher, 4);
      assertThat(dying.failure.get()).isEqualTo(Failure.REPLICA_DIED);
      assertThat(next.outputs.get()).containsExactly(8);
    }
    assertThat(batcher.statistics().failed(Failure.REPLICA_DIED)).isEqualTo(40);
  }

  @Test
  void anErrorIsOnlyThatRequestsThatCausesIt() throws Exception {
    Batcher batcher = start(CONFIG);
    occupy(batcher);
    Result good = submit(batcher, 3);
    Result bad = submit(batcher, GatedModel.FAILS);
    Result alsoGood = submit(batcher, 4);
    model.gate().open.release(10);
    assertThat(good.outputs.get()).containsExactly(6);
    assertThat(bad.failure.get()).isEqualTo(Failure.MODEL_FAILED);
    assertThat(alsoGood.outputs.get()).containsExactly(8);
  }

  @Test
  void outputsThatBreakTheModelsPromiseAreItsFailure() throws Exception {
    Batcher batcher = start(CONFIG);
    occupy(batcher);
    Result good = submit(batcher, 3);
    Result one = submit(batcher, GatedModel.GIVES_A_ROW_TOO_MANY);
    Result other = submit(batcher, GatedModel.GIVES_NOTHING);
    Result alsoGood = submit(batcher, 4);
    model.gate().open.release(10);
    assertThat(good.outputs.get()).containsExactly(6);
    assertThat(one.failure.get()).isEqualTo(Failure.MODEL_FAILED);
    assertThat(other.failure.get()).isEqualTo(Failure.MODEL_FAILED);
    assertThat(alsoGood.outputs.get()).containsExactly(8);
  }

  @Test
  void replicasComeWithTheQueueAndGoWithIt() throws Exception {
    Batcher batcher =
        start(
            CONFIG.with(
                b -> b.maxReplicas(3).maxBatchRows(1).scaleDownDelay(Duration.ofMillis(50))));
    assertThat(batcher.replicas()).isEqualTo(1);
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      results.add(submit(batcher, 1));
    }
    model.gate().entered.acquire(3); // three compute at once
    assertThat(batcher.replicas()).isEqualTo(3);
    model.gate().open.release(100);
    for (Result result : results) {
      assertThat(result.outputs.get()).containsExactly(2);
    }
    await(() -> batcher.replicas() == 1);
    assertThat(submit(batcher, 4).outputs.get()).containsExactly(8);
  }

  @Test
  void saysWhyAModelCannotBeStarted() {
    assertThatThrownBy(() -> Batcher.start(runtime, clock, "m/1", new GatedModel(true), CONFIG))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("m/1 cannot be started: ")
        .hasMessageContaining("no such file");
  }

  @Test
  void manyThreadsLoseNothing() throws Exception {
    model.gate().open.release(1_000_000);
    Batcher batcher = start(CONFIG.with(b -> b.minReplicas(2).maxReplicas(2)));
    List<CompletableFuture<Void>> clients = new ArrayList<>();
    for (int c = 0; c < 8; c++) {
      int client = c;
      clients.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = 1; i < 2_000; i++) {
                  float x = client * 10_000 + i;
                  assertThat(submit(batcher, x, x + 1).outputs.join())
                      .containsExactly(2 * x, 2 * x + 2);
                }
              },
              NewThread.EACH));
    }
    for (CompletableFuture<Void> client : clients) {
      client.get();
    }
    assertThat(batcher.statistics().rows()).isEqualTo(8 * 1_999 * 2);
  }
}
