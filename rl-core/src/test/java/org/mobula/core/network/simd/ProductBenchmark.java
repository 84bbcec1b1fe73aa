package org.mobula.core.network.simd;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The products of one hidden layer: 2 · batch · width² operations each, on one thread. The forward
 * product and the input gradient's are the same computation.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ProductBenchmark {
  private static final int BATCH = 256;

  /** Inputs and outputs of the layer. */
  @Param({"64", "256"})
  int width;

  private final Product product = new Product();
  private final float[] rows = MlpNetworkTest.numbers((BATCH + 1) * 256, 1);
  private final float[] others = MlpNetworkTest.numbers((BATCH + 1) * 256, 2);
  private final float[] zeros = new float[256];
  private final float[] result = new float[BATCH * 256];

  /** [256][width] · [width][width]. */
  @Benchmark
  public float[] forward() {
    product.multiply(BATCH, width, rows, width, others, width, zeros, 0, result);
    return result;
  }

  /** [64][width] · [width][width]: a minibatch of 64. */
  @Benchmark
  public float[] forwardOf64() {
    product.multiply(64, width, rows, width, others, width, zeros, 0, result);
    return result;
  }

  /** [width][256] · [256][width]. */
  @Benchmark
  public float[] weightGradient() {
    product.multiplyTransposed(width, BATCH, rows, width, others, width, zeros, 0, result);
    return result;
  }
}
