package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.random.Pcg64;
import org.mobula.parameterserver.gpu.ShardArithmetic;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/** What is asked of a shard has the same answer, bit for bit, on a device and on the CPU. */
@SuppressWarnings("FutureReturnValueIgnored") // What is pushed is not always waited for.
abstract class ShardDeviceContract {
  static final int SIZE = BlockNorm.BLOCK + 77;
  private static final ParameterLayout LAYOUT =
      new ParameterLayout.Builder().add("before", 3).add("w", SIZE).build();
  private static final int WORKERS = 3;

  private final Pcg64 random = new Pcg64(11);
  private final List<Shard> opened = new ArrayList<>();

  /** A fresh one. */
  protected abstract ShardArithmetic arithmetic();

  @AfterEach
  void close() {
    opened.forEach(Shard::close);
  }

  static ShardSetup setup(OptimizerConfig optimizer, double maxNorm, Consistency consistency) {
    return new ShardSetup(
        LAYOUT,
        3,
        3 + SIZE,
        optimizer,
        maxNorm,
        consistency,
        Duration.ofSeconds(10),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2));
  }

  Shard onDevice(ShardSetup setup, float[] initial) {
    SliceNumbers numbers = GpuNumbers.on(arithmetic(), setup);
    numbers.begin(FloatSlice.of(initial));
    return keep(new Shard(setup, Role.LONE_PRIMARY, 1, numbers, () -> 1));
  }

  Shard replicaOnDevice(ShardSetup setup) {
    return keep(new Shard(setup, Role.REPLICA, 1, GpuNumbers.on(arithmetic(), setup), () -> 1));
  }

  private Shard onCpu(ShardSetup setup, float[] initial) {
    return keep(Shard.primary(setup, FloatSlice.of(initial), () -> 1));
  }

  private Shard keep(Shard shard) {
    opened.add(shard);
    return shard;
  }

  static void join(Shard shard, int worker) {
    shard.join(new Join(worker, 7, LayoutHash.of(LAYOUT), 3, 3 + SIZE)).join();
  }

  /** The gradient lies in the middle of an array, as those of a worker with several shards do. */
  static CompletableFuture<Stepped> push(
      Shard shard, int worker, long clock, long base, float[] gradient) {
    float[] whole = new float[SIZE + 9];
    System.arraycopy(gradient, 0, whole, 5, SIZE);
    long epoch = shard.status().join().epoch();
    return shard.pushPull(
        new Push(new Caller(worker, 7, epoch), clock, base, 0.1),
        new FloatSlice(whole, 5, SIZE),
        SliceReader.NONE);
  }

  float[] gaussians() {
    float[] numbers = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private static StoreState saved(Shard shard) {
    long epoch = shard.status().join().epoch();
    return shard.snapshot(Caller.reader(epoch), 0).join().slice();
  }

  private static float[] values(Shard shard) {
    long epoch = shard.status().join().epoch();
    float[] values = new float[SIZE];
    shard
        .pull(
            new Pull(Caller.reader(epoch), Pull.NOTHING),
            (slice, offset, length, version) -> System.arraycopy(slice, offset, values, 0, length))
        .join();
    return values;
  }

  /** Values, moments and counts. */
  private static void assertSameState(Shard actual, Shard expected) {
    assertSameState(actual, saved(expected));
  }

  private static void assertSameState(Shard actual, StoreState other) {
    StoreState one = saved(actual);
    assertThat(one.parameters().version()).isEqualTo(other.parameters().version());
    assertThat(one.optimizerSteps()).isEqualTo(other.optimizerSteps());
    assertThat(one.parameters().values()).containsExactly(other.parameters().values());
    assertThat(one.moments()).containsOnlyKeys(other.moments().keySet());
    other
        .moments()
        .forEach((name, moment) -> assertThat(one.moments().get(name)).containsExactly(moment));
    assertThat(values(actual)).containsExactly(one.parameters().values());
  }

  private static OptimizerConfig optimizer(String name) {
    return switch (name) {
      case "sgd" -> Sgd.defaults();
      case "momentum" -> new Sgd(0.9, 0, true, 0.01, Map.of());
      case "rmsprop" -> RmsProp.defaults();
      case "adam" -> Adam.defaults();
      default -> AdamW.defaults();
    };
  }

  @ParameterizedTest
  @CsvSource({
    "sgd, 0",
    "sgd, 0.5",
    "momentum, 0",
    "rmsprop, 0.5",
    "adam, 0",
    "adam, 0.5",
    "adamw, 0.5"
  })
  void roundsGiveTheSameBits(String name, double maxNorm) {
    ShardSetup setup = setup(optimizer(name), maxNorm, Synchronous.defaults());
    float[] initial = gaussians();
    Shard device = onDevice(setup, initial);
    Shard cpu = onCpu(setup, initial);
    for (int worker = 0; worker < WORKERS; worker++) {
      join(device, worker);
      join(cpu, worker);
    }
    for (int step = 0; step < 4; step++) {
      CompletableFuture<Stepped> onDevice = new CompletableFuture<>();
      CompletableFuture<Stepped> onCpu = new CompletableFuture<>();
      for (int worker = WORKERS - 1; worker >= 0; worker--) {
        float[] gradient = gaussians();
        onDevice = push(device, worker, step + 1, step, gradient);
        onCpu = push(cpu, worker, step + 1, step, gradient);
      }
      double[] sums = onCpu.join().blockSums();
      assertThat(onDevice.join().blockSums()).containsExactly(sums);
      assertThat(onDevice.join().awaitsCommit()).isEqualTo(maxNorm > 0);
      if (maxNorm > 0) {
        Commit commit = new Commit(new Caller(0, 7, 0), step + 1, Math.sqrt(sums[0] + sums[1]));
        device.commit(commit, SliceReader.NONE).join();
        cpu.commit(commit, SliceReader.NONE).join();
      }
      assertSameState(device, cpu);
    }
  }

  @Test
  void aGradientWithNaNIsRefusedAndTheOthersOfTheRoundStay() {
    ShardSetup setup = setup(Adam.defaults(), 0, Synchronous.defaults());
    Shard device = onDevice(setup, new float[SIZE]);
    Shard cpu = onCpu(setup, new float[SIZE]);
    float[] first = gaussians();
    float[] second = gaussians();
    float[] bad = second.clone();
    bad[SIZE - 1] = Float.NaN;
    for (Shard shard : List.of(device, cpu)) {
      join(shard, 0);
      join(shard, 1);
      CompletableFuture<Stepped> good = push(shard, 0, 1, 0, first);
      assertThatExceptionOfType(CompletionException.class)
          .isThrownBy(() -> push(shard, 1, 1, 0, bad).join())
          .withMessageContaining("gradient of worker 1 holds NaN or infinity");
      assertThat(good).isNotDone();
      assertThat(push(shard, 1, 1, 0, second)).isCompleted();
      assertThat(good).isCompleted();
    }
    assertSameState(device, cpu);
  }

  @Test
  void theMeanOfFiniteGradientsIsFinite() {
    ShardSetup setup = setup(Sgd.defaults(), 0, Synchronous.defaults());
    Shard device = onDevice(setup, new float[SIZE]);
    Shard cpu = onCpu(setup, new float[SIZE]);
    float[] first = gaussians();
    float[] second = gaussians();
    first[SIZE - 2] = Float.MAX_VALUE;
    second[SIZE - 2] = Float.MAX_VALUE;
    List<double[]> sums = new ArrayList<>();
    for (Shard shard : List.of(device, cpu)) {
      join(shard, 0);
      join(shard, 1);
      push(shard, 0, 1, 0, first);
      sums.add(push(shard, 1, 1, 0, second).join().blockSums());
    }
    assertThat(sums.get(0)).containsExactly(sums.get(1));
    assertSameState(device, cpu);
  }

  @Test
  void aSavedStateGoesOnFromOneToTheOther() {
    ShardSetup setup = setup(Adam.defaults(), 0, new Asynchronous());
    Shard device = onDevice(setup, new float[SIZE]);
    Shard cpu = onCpu(setup, gaussians());
    join(cpu, 0);
    push(cpu, 0, 1, 0, gaussians()).join();
    device.restore(new Restore(Caller.reader(0), saved(cpu), 1)).join();
    assertSameState(device, cpu);
    join(device, 0);
    float[] gradient = gaussians();
    push(device, 0, 2, 1, gradient).join();
    push(cpu, 0, 2, 1, gradient).join();
    assertSameState(device, cpu);
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(
            () ->
                device
                    .restore(
                        new Restore(
                            Caller.reader(1),
                            saved(onCpu(setup(Sgd.defaults(), 0, new Asynchronous()), gaussians())),
                            0))
                    .join())
        .withMessageContaining("exp_avg");
    assertSameState(device, cpu);
  }

  @Test
  void aReplicaElsewhereHasTheSameBits() {
    ShardSetup setup = setup(Adam.defaults(), 0, new Asynchronous());
    float[] initial = gaussians();
    Shard device = onDevice(setup, initial);
    Shard cpu = onCpu(setup, initial);
    Shard replicaOnCpu = keep(Shard.replica(setup, () -> 1));
    Shard replicaOnDevice = replicaOnDevice(setup);
    device.replicateTo(new LocalShardLink(replicaOnCpu));
    cpu.replicateTo(new LocalShardLink(replicaOnDevice));
    join(device, 0);
    join(cpu, 0);
    for (int step = 0; step < 3; step++) {
      float[] gradient = gaussians();
      push(device, 0, step + 1, step, gradient).join();
      push(cpu, 0, step + 1, step, gradient).join();
    }
    assertSameState(device, cpu);
    StoreState expected = saved(cpu);
    for (Shard replica : List.of(replicaOnCpu, replicaOnDevice)) {
      replica.promote(new Promote(new Ruling(7, 0, 4, true), 3)).join();
      assertSameState(replica, expected);
    }
  }
}
