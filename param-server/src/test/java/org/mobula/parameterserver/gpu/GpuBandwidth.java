package org.mobula.parameterserver.gpu;

import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.gpu.ShardArithmetic.Vector;

/**
 * Prints how much of the device's memory bandwidth the kernels reach, against a copy within the
 * device. On a machine with a GPU, from the top of the project:
 *
 * <pre>{@code
 * mvn -q -pl param-server -am test -Dtest='GpuArithmeticTest' -Dsurefire.failIfNoSpecifiedTests=false
 * mvn -q -pl param-server test-compile exec:java -Dexec.classpathScope=test \
 *     -Dexec.mainClass=org.mobula.parameterserver.gpu.GpuBandwidth -Dexec.args=10000000
 * }</pre>
 */
final class GpuBandwidth {
  private static final int REPEATS = 50;
  private static final int ROUNDS = 5;

  private final ShardArithmetic arithmetic;
  private final int size;
  private final PrintStream out;
  private double copyRate;

  private GpuBandwidth(ShardArithmetic arithmetic, int size, PrintStream out) {
    this.arithmetic = arithmetic;
    this.size = size;
    this.out = out;
  }

  /**
   * Measures.
   *
   * @param arguments how many numbers a vector has, 10,000,000 if not given
   */
  public static void main(String[] arguments) {
    int size = arguments.length == 0 ? 10_000_000 : Integer.parseInt(arguments[0]);
    try (ShardArithmetic arithmetic = ShardArithmetic.onGpu(0)) {
      new GpuBandwidth(arithmetic, size, System.out).run();
    }
  }

  private void run() {
    out.printf(Locale.ROOT, "%s, vectors of %,d numbers%n", arithmetic.description(), size);
    List<Vector> vectors = new ArrayList<>();
    for (int k = 0; k < 8; k++) {
      vectors.add(arithmetic.vector(size));
    }
    Vector parameters = arithmetic.vector(size);
    copyRate =
        measure("copy within the device", 2, () -> arithmetic.copy(vectors.get(0), parameters));
    measure("sum of 8", 9, () -> arithmetic.sum(vectors, parameters));
    measure("scale", 2, () -> arithmetic.scale(parameters, 0.5));
    double[] sums = new double[BlockNorm.blocks(size)];
    measure("sums of squares", 1, () -> arithmetic.sumsOfSquares(parameters, sums));
    ParameterLayout layout = new ParameterLayout.Builder().add("parameters", size).build();
    optimizers()
        .forEach(
            (config, arrays) -> {
              try (ShardOptimizer optimizer = arithmetic.optimizer(config, layout, 0, size)) {
                measure(
                    config.toString(),
                    arrays,
                    () -> optimizer.step(parameters, vectors.get(0), 1e-3, 0.5));
              }
            });
    float[] host = new float[size];
    measure("host to device", 1, () -> parameters.write(0, FloatBuffer.wrap(host)));
    measure("device to host", 1, () -> parameters.read(0, FloatBuffer.wrap(host)));
  }

  /** Each with how many vectors a step reads and writes. */
  private static Map<OptimizerConfig, Integer> optimizers() {
    Map<OptimizerConfig, Integer> optimizers = new LinkedHashMap<>();
    optimizers.put(Sgd.defaults(), 3);
    optimizers.put(new Sgd(0.9, 0, true, 0, Map.of()), 5);
    optimizers.put(RmsProp.defaults(), 5);
    optimizers.put(new RmsProp(0.99, 1e-8, 0.9, true, 0, Map.of()), 9);
    optimizers.put(Adam.defaults(), 7);
    optimizers.put(new Adam(0.9, 0.999, 1e-8, 0, true, Map.of()), 9);
    return optimizers;
  }

  private double measure(String what, int arrays, Runnable work) {
    double seconds = Double.POSITIVE_INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
      await();
      long start = System.nanoTime();
      for (int i = 0; i < REPEATS; i++) {
        work.run();
      }
      await();
      seconds = Math.min(seconds, (System.nanoTime() - start) / 1e9 / REPEATS);
    }
    double rate = arrays * 4.0 * size / seconds / 1e9;
    out.printf(
        Locale.ROOT,
        "%8.1f µs %8.1f GB/s %4.0f %% of copy  %s%n",
        seconds * 1e6,
        rate,
        copyRate == 0 ? 100 : 100 * rate / copyRate,
        what);
    return rate;
  }

  /** A read waits for all that was started before it. */
  private void await() {
    try (Vector one = arithmetic.vector(1)) {
      one.read(0, FloatBuffer.allocate(1));
    }
  }
}
