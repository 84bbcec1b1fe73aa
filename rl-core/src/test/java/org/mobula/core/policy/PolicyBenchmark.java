package org.mobula.core.policy;

import java.util.concurrent.TimeUnit;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** One action of a policy with two hidden layers of 64 units, inside a user's program. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PolicyBenchmark {
  private final float[] observation = {0.1f, -0.2f, 0.3f, -0.4f};

  @SuppressWarnings("NullAway.Init") // by make()
  private Policy policy;

  /** A fresh CartPole policy. */
  @Setup
  public void make() {
    PolicySpec spec =
        ActorCritic.policy(Box.unbounded(4), new Discrete(2), NetworkConfig.defaults(), 0);
    float[] parameters = spec.network().initialParameters(new Pcg64(1));
    policy =
        new Policy(
            spec,
            new PolicySnapshot(new ParameterSnapshot(0, parameters), null),
            NetworkEngine.AUTO);
  }

  /** Frees the policy. */
  @TearDown
  public void close() {
    policy.close();
  }

  /** From one thread. */
  @Benchmark
  public float[] act() {
    return policy.act(observation);
  }

  /** From two threads at once. */
  @Benchmark
  @Threads(2)
  public float[] actFromTwoThreads() {
    return policy.act(observation);
  }
}
