package org.mobula.core.returns;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/** What generalised advantage estimation costs for one environment step. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class GeneralizedAdvantageBenchmark {
  private static final int CELLS = 8192;

  /** Environments; the steps make up the rest of 8192. */
  @Param({"8", "256"})
  public int environments;

  private float[] rewards = {};
  private float[] values = {};
  private float[] lastValues = {};
  private boolean[] terminated = {};
  private boolean[] truncated = {};
  private final float[] discounts = Traces.constant(CELLS, .99f);
  private final float[] advantages = new float[CELLS];
  private final float[] returns = new float[CELLS];

  /** Random traces with episodes of about 200 steps. */
  @Setup
  public void prepare() {
    SplittableRandom random = new SplittableRandom(1);
    rewards = Traces.uniform(random, CELLS, -1, 1);
    values = Traces.uniform(random, CELLS, -1, 1);
    lastValues = Traces.uniform(random, environments, -1, 1);
    terminated = Traces.flags(random, CELLS, .005);
    truncated = Traces.flags(random, CELLS, .001);
  }

  /** Ends of episodes as flags. */
  @Benchmark
  @OperationsPerInvocation(CELLS)
  public float[] flags() {
    new GeneralizedAdvantage(.99f, .95f)
        .compute(
            new Trace(
                CELLS / environments,
                environments,
                rewards,
                terminated,
                truncated,
                values,
                values,
                lastValues),
            advantages,
            returns);
    return advantages;
  }

  /** Ends of episodes as discounts. */
  @Benchmark
  @OperationsPerInvocation(CELLS)
  public float[] discounts() {
    new GeneralizedAdvantage(1, .95f)
        .compute(
            new Trace(
                CELLS / environments,
                environments,
                rewards,
                new boolean[0],
                new boolean[0],
                values,
                values,
                lastValues),
            rewards,
            discounts,
            advantages,
            returns);
    return advantages;
  }
}
