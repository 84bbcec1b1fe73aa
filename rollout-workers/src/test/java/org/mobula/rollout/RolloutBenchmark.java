package org.mobula.rollout;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.Experience;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;
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
import org.openjdk.jmh.infra.Blackhole;

/** Steps a second of four CartPoles whose steps cost more processor time than they need. */
@SuppressWarnings("NullAway.Init") // JMH calls open() first
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 8, time = 1)
public class RolloutBenchmark {
  private static final String ENVIRONMENT = "CartPole-v1";
  private static final int CALIBRATION_TOKENS = 1_000_000;

  /** Four environments, 32 steps each: what {@link Runs#config} asks for. */
  private static final int STEPS = 4 * 32;

  @Param({"0", "1", "2"})
  public int workers;

  @Param({"0", "50"})
  public int stepMicroseconds;

  /** Of a step, asleep, on top. */
  @Param({"0"})
  public int waitMicroseconds;

  /** How many times as long one of the environments waits. */
  @Param({"1"})
  public int slowest;

  /** 0 for workers that are not asynchronous. */
  @Param({"0"})
  public int maxPolicyLag;

  /** That a worker takes. */
  @Param({"1"})
  public double cpus;

  @Param({"false"})
  public boolean strict;

  private TaskRuntime runtime;
  private ExperienceSource source;
  private PolicySnapshot policy;

  private static final class Expensive extends EnvironmentWrapper {
    private final long tokens;
    private final int waitMicroseconds;

    Expensive(Environment inner, long tokens, int waitMicroseconds) {
      super(inner);
      this.tokens = tokens;
      this.waitMicroseconds = waitMicroseconds;
    }

    @Override
    public void step(float[] action, Step step) {
      // Work, not waiting: it takes longer when others want the processor too.
      Blackhole.consumeCPU(tokens);
      if (waitMicroseconds > 0) {
        LockSupport.parkNanos(this, waitMicroseconds * 1000L);
      }
      super.step(action, step);
    }
  }

  @Setup
  public void open() {
    EnvironmentFactory cheap = EnvironmentCatalogue.standard().factory(ENVIRONMENT, Map.of());
    long tokens = (long) (stepMicroseconds * 1e3 / nanosecondsPerToken());
    TrainingConfig config =
        Runs.config(ENVIRONMENT)
            .withWorkers(
                WorkersConfig.defaults()
                    .withCount(workers)
                    .withCpus(cpus)
                    .withMaxRestarts(0)
                    .withAsynchronous(maxPolicyLag > 0)
                    .withMaxPolicyLag(Math.max(1, maxPolicyLag)));
    AtomicInteger made = new AtomicInteger(); // the first one is only looked at
    ExperienceSetup setup =
        Runs.setup(
            config,
            () -> {
              int factor = made.getAndIncrement() == 1 ? slowest : 1;
              return new Expensive(cheap.create(), tokens, factor * waitMicroseconds);
            });
    policy = Runs.policy(setup, 0);
    runtime = LocalTaskRuntime.builder().strict(strict).build();
    source = RolloutWorkers.on(runtime).apply(setup);
  }

  private static double nanosecondsPerToken() {
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 20; i++) {
      long start = System.nanoTime();
      Blackhole.consumeCPU(CALIBRATION_TOKENS);
      best = Math.min(best, System.nanoTime() - start);
    }
    return best / (double) CALIBRATION_TOKENS;
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public Experience collect() {
    return source.collect(policy, 0);
  }

  @TearDown
  public void close() {
    source.close();
    runtime.close();
  }
}
