package org.mobula.parameterserver.gpu;

import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.random.Pcg64;
import org.mobula.parameterserver.gpu.ShardArithmetic.Vector;

/**
 * Takes steps of many sizes on the first GPU and on the CPU, which must agree in every bit, and
 * opens and closes the device over and over. {@code .ci/gpu} runs it where there is a GPU.
 *
 * <pre>
 * java -cp ... org.mobula.parameterserver.gpu.GpuSoak [cpu]    # cpu: tries this program without a GPU
 * </pre>
 */
final class GpuSoak {
  private static final int OPENINGS = 50;
  private static final int[] SIZES = {1, 31, 4095, 4097, 65_537, 1_000_003, 20_000_001};

  private final boolean pretend;
  private final PrintStream out;
  private int different;

  private GpuSoak(boolean pretend, PrintStream out) {
    this.pretend = pretend;
    this.out = out;
  }

  /** Ends with 1 where a bit is different. */
  public static void main(String[] arguments) {
    GpuSoak soak = new GpuSoak(Arrays.asList(arguments).contains("cpu"), System.out);
    for (int size : SIZES) {
      for (OptimizerConfig config :
          List.of(
              Sgd.defaults(),
              new Sgd(0.9, 0, true, 0.01, Map.of()),
              RmsProp.defaults(),
              Adam.defaults())) {
        soak.compare(size, config);
      }
    }
    for (int i = 0; i < OPENINGS; i++) {
      soak.compare(10_007, Adam.defaults());
    }
    soak.out.printf("%d comparisons differ%n", soak.different);
    System.exit(soak.different == 0 ? 0 : 1);
  }

  private void compare(int size, OptimizerConfig config) {
    Result expected;
    Result found;
    try (ShardArithmetic cpu = ShardArithmetic.onCpu()) {
      expected = steps(cpu, size, config);
    }
    try (ShardArithmetic gpu = pretend ? ShardArithmetic.onCpu() : ShardArithmetic.onGpu(0)) {
      found = steps(gpu, size, config);
    }
    boolean same = bits(expected.values, found.values) && Arrays.equals(expected.sums, found.sums);
    different += same ? 0 : 1;
    out.printf(
        "%,12d numbers  %-8s %s%n",
        size, config.getClass().getSimpleName(), same ? "the same bits" : "DIFFERENT");
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared as a whole.
  private record Result(float[] values, double[] sums) {}

  private static boolean bits(float[] a, float[] b) {
    for (int i = 0; i < a.length; i++) {
      if (Float.floatToIntBits(a[i]) != Float.floatToIntBits(b[i])) {
        return false;
      }
    }
    return true;
  }

  /** Three clipped steps with the mean of three gradients. */
  private static Result steps(ShardArithmetic arithmetic, int size, OptimizerConfig config) {
    ParameterLayout layout = new ParameterLayout.Builder().add("w", size).build();
    Pcg64 random = new Pcg64(size);
    float[] values = new float[size];
    double[] sums = new double[BlockNorm.blocks(size)];
    Vector parameters = arithmetic.vector(size);
    Vector mean = arithmetic.vector(size);
    List<Vector> gradients =
        List.of(arithmetic.vector(size), arithmetic.vector(size), arithmetic.vector(size));
    try (ShardOptimizer optimizer = arithmetic.optimizer(config, layout, 0, size)) {
      for (int step = 0; step < 3; step++) {
        for (Vector gradient : gradients) {
          for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextDouble() - 0.5f;
          }
          gradient.write(0, FloatBuffer.wrap(values));
        }
        arithmetic.mean(gradients, mean);
        arithmetic.sumsOfSquares(mean, sums);
        optimizer.step(parameters, mean, 0.01, 0.75);
      }
    }
    parameters.read(0, FloatBuffer.wrap(values));
    return new Result(values, sums);
  }
}
