package org.mobula.parameterserver.gpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.mobula.parameterserver.gpu.ShardArithmetic.Vector;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * The sum of 8 gradients of 10 million floats on the CPU beside the memory's bandwidth, measured by
 * a plain sum of two arrays (a triad without its factor) and by a copy. One operation is a megabyte
 * that is read or written, so the score, in operations per millisecond, is gigabytes per second; of
 * all threads together where there are two, each of which has half of the floats, as two shards
 * would.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AggregationBenchmark {
  private static final int FLOATS = 10_000_000;
  private static final int GRADIENTS = 8;
  private static final int MEGABYTES = FLOATS * Float.BYTES / 1_000_000;

  private final ShardArithmetic arithmetic = ShardArithmetic.onCpu();
  private final List<float[]> arrays = new ArrayList<>();
  private final List<Vector> gradients = new ArrayList<>();
  private Vector sum = arithmetic.vector(0);

  /** Fills this thread's part of the gradients. */
  @Setup
  public void fill(ThreadParams threads) {
    int size = FLOATS / threads.getThreadCount();
    sum = arithmetic.vector(size);
    for (int k = 0; k < GRADIENTS; k++) {
      float[] gradient = new float[size];
      Arrays.fill(gradient, k + 0.25f);
      arrays.add(gradient);
      gradients.add(arithmetic.lend(gradient, 0, size));
    }
  }

  /** Reads 8 arrays, writes 1. */
  @Benchmark
  @OperationsPerInvocation((GRADIENTS + 1) * MEGABYTES)
  public Vector sumOfEight() {
    arithmetic.sum(gradients, sum);
    return sum;
  }

  /** The same from two threads, each with half of the floats. */
  @Benchmark
  @Threads(2)
  @OperationsPerInvocation((GRADIENTS + 1) * MEGABYTES / 2)
  public Vector sumOfEightByTwo() {
    return sumOfEight();
  }

  /** Reads 2 arrays, writes 1. */
  @Benchmark
  @OperationsPerInvocation(3 * MEGABYTES)
  public float[] bandwidth() {
    float[] a = arrays.get(0);
    float[] b = arrays.get(1);
    float[] c = arrays.get(2);
    for (int i = 0; i < a.length; i++) {
      a[i] = b[i] + c[i];
    }
    return a;
  }

  /** The same from two threads. */
  @Benchmark
  @Threads(2)
  @OperationsPerInvocation(3 * MEGABYTES / 2)
  public float[] bandwidthOfTwo() {
    return bandwidth();
  }

  /** Reads 1 array, writes 1. */
  @Benchmark
  @OperationsPerInvocation(2 * MEGABYTES)
  public float[] copy() {
    float[] a = arrays.get(0);
    System.arraycopy(arrays.get(1), 0, a, 0, a.length);
    return a;
  }

  /** The same from two threads. */
  @Benchmark
  @Threads(2)
  @OperationsPerInvocation(2 * MEGABYTES / 2)
  public float[] copyOfTwo() {
    return copy();
  }
}
