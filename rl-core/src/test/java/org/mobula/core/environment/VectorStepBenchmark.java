package org.mobula.core.environment;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.random.Pcg64;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Steps of CartPole with random actions and no network. One operation is one step of one
 * environment; drawing its action is part of it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class VectorStepBenchmark {
  private static final int ROUNDS = 64;
  private static final int LARGEST = 1024;

  /** How many threads step; 1 is the synchronous one. */
  @Param({"1", "2"})
  public int threads;

  /** How many environments. */
  @Param({"64", "1024"})
  public int environments;

  private VectorEnvironment vector = EMPTY;
  private VectorStep step = new VectorStep(1, EMPTY.observationSpace());
  private float[] actions = {};
  private final Pcg64 random = new Pcg64(1);

  private static final VectorEnvironment EMPTY =
      new SyncVectorEnvironment(cartPole(), 1, AutoresetMode.SAME_STEP);

  private static EnvironmentFactory cartPole() {
    return EnvironmentCatalogue.standard().factory("CartPole-v1", Map.of());
  }

  /** Starts the episodes. */
  @Setup
  public void start() {
    vector =
        threads == 1
            ? new SyncVectorEnvironment(cartPole(), environments, AutoresetMode.SAME_STEP)
            : new ThreadedVectorEnvironment(
                cartPole(), environments, AutoresetMode.SAME_STEP, threads);
    step = new VectorStep(environments, vector.observationSpace());
    actions = new float[environments];
    vector.reset(Reset.seeded(1), step.observations);
  }

  /** Ends the threads. */
  @TearDown
  public void close() {
    vector.close();
  }

  /** As many steps at any count of environments: 65,536. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS * LARGEST)
  public VectorStep steps() {
    for (int round = 0; round < ROUNDS * LARGEST / environments; round++) {
      for (int i = 0; i < environments; i += 64) {
        long bits = random.nextLong();
        for (int j = 0; j < 64; j++) {
          actions[i + j] = bits >>> j & 1;
        }
      }
      vector.step(actions, step);
    }
    return step;
  }

  /** Runs it. */
  public static void main(String[] arguments) throws RunnerException {
    new Runner(new OptionsBuilder().include(VectorStepBenchmark.class.getName()).build()).run();
  }
}
