package org.mobula.parameterserver.shard;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.gpu.ShardArithmetic;
import org.mobula.parameterserver.gpu.ShardOptimizer;

/**
 * On a GPU: a gradient goes there when it is pushed, mean and step are taken there, and the values
 * come back once a step, to be read by all who ask for them.
 */
final class GpuNumbers implements SliceNumbers {
  private final ShardArithmetic arithmetic;
  private final ShardOptimizer optimizer;
  private final ShardArithmetic.Vector parameters;

  /** What {@link #parameters} hold. */
  private final float[] values;

  private final Deque<ShardArithmetic.Vector> unused = new ArrayDeque<>();

  /** One is enough: one entry at a time is on its way to the replica. */
  private float[] spare = new float[0];

  private @Nullable NumbersLostException lost;

  /** A vector in the GPU's memory. */
  final class DeviceVector implements Vector {
    private final ShardArithmetic.Vector numbers;
    private boolean closed;

    private DeviceVector() {
      ShardArithmetic.Vector used = unused.poll();
      numbers = used != null ? used : arithmetic.vector(values.length);
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        unused.push(numbers);
      }
    }
  }

  private GpuNumbers(ShardArithmetic arithmetic, ShardSetup setup) {
    this.arithmetic = arithmetic;
    values = new float[setup.size()];
    parameters = arithmetic.vector(values.length);
    optimizer = arithmetic.optimizer(setup.optimizer(), setup.layout(), setup.from(), setup.to());
  }

  /**
   * All zeros.
   *
   * @param arithmetic is closed with it
   * @throws IllegalStateException if the memory does not suffice
   */
  static GpuNumbers on(ShardArithmetic arithmetic, ShardSetup setup) {
    try {
      return new GpuNumbers(arithmetic, setup);
    } catch (RuntimeException e) {
      arithmetic.close();
      throw e;
    }
  }

  @Override
  public String device() {
    return arithmetic.description();
  }

  @Override
  public float[] values() {
    checkKept();
    return values;
  }

  @Override
  public void begin(FloatSlice initial) {
    System.arraycopy(initial.array(), initial.offset(), values, 0, values.length);
    run(() -> parameters.write(0, FloatBuffer.wrap(values)));
  }

  @Override
  public Vector take(FloatSlice gradient) {
    return get(
        () -> {
          DeviceVector taken = new DeviceVector();
          taken.numbers.write(
              0, FloatBuffer.wrap(gradient.array(), gradient.offset(), gradient.length()));
          return taken;
        });
  }

  @Override
  public Vector take(SliceSource gradient) {
    float[] numbers = new float[gradient.length()];
    for (int from = 0; from < numbers.length; from += Codec.SEGMENT) {
      gradient.read(from, Math.min(Codec.SEGMENT, numbers.length - from), numbers, from);
    }
    return take(FloatSlice.of(numbers));
  }

  /** The squares of finite floats, and a block's sum of them, are finite doubles. */
  @Override
  public boolean isFinite(Vector gradient) {
    double[] sums = new double[BlockNorm.blocks(values.length)];
    run(() -> arithmetic.sumsOfSquares(numbers(gradient), sums));
    return Arrays.stream(sums).allMatch(Double::isFinite);
  }

  @Override
  public @Nullable Vector mean(List<Vector> gradients, double[] sums) {
    List<ShardArithmetic.Vector> sources = gradients.stream().map(GpuNumbers::numbers).toList();
    DeviceVector mean = get(DeviceVector::new);
    run(
        () -> {
          arithmetic.mean(sources, mean.numbers);
          arithmetic.sumsOfSquares(mean.numbers, sums);
        });
    for (int block = 0; block < sums.length; block++) {
      if (!Double.isFinite(sums[block])) {
        int at = block;
        sums[block] = get(() -> wideMean(sources, at, mean.numbers));
        if (!Double.isFinite(sums[block])) {
          mean.close();
          return null;
        }
      }
    }
    return mean;
  }

  /** Of one block and on the processor, for it is rare. */
  private double wideMean(
      List<ShardArithmetic.Vector> gradients, int block, ShardArithmetic.Vector mean) {
    int from = block * BlockNorm.BLOCK;
    float[] numbers = new float[Math.min(BlockNorm.BLOCK, values.length - from)];
    double[] sum = new double[numbers.length];
    for (ShardArithmetic.Vector gradient : gradients) {
      gradient.read(from, FloatBuffer.wrap(numbers));
      for (int i = 0; i < numbers.length; i++) {
        sum[i] += numbers[i];
      }
    }
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) (sum[i] / gradients.size());
    }
    mean.write(from, FloatBuffer.wrap(numbers));
    return BlockNorm.sumOfSquares(numbers, 0, numbers.length);
  }

  @Override
  public float[] share(Vector mean) {
    float[] shared = spare.length == values.length ? spare : new float[values.length];
    spare = new float[0];
    run(() -> numbers(mean).read(0, FloatBuffer.wrap(shared)));
    return shared;
  }

  @Override
  public void giveBack(float[] shared) {
    spare = shared;
  }

  @Override
  public void step(
      Vector gradient,
      int network,
      double learningRate,
      double clipCoefficient,
      Optimizer.Stretches done) {
    run(
        () -> {
          optimizer.step(network, parameters, numbers(gradient), learningRate, clipCoefficient);
          parameters.read(0, FloatBuffer.wrap(values));
        });
  }

  @Override
  public StoreState save(long version) {
    return get(
        () ->
            new StoreState(
                new ParameterSnapshot(version, values.clone()),
                optimizer.steps(),
                optimizer.moments()));
  }

  @Override
  public void restore(StoreState state) {
    float[] saved = state.parameters().values();
    SliceNumbers.checkLength(saved, values.length);
    run(() -> optimizer.restore(state.optimizerSteps(), state.moments()));
    begin(FloatSlice.of(saved));
  }

  private static ShardArithmetic.Vector numbers(Vector vector) {
    return ((DeviceVector) vector).numbers;
  }

  private void run(Runnable work) {
    var unused =
        get(
            () -> {
              work.run();
              return true;
            });
  }

  /** Does work on the device. After a failure there what it holds is not known. */
  private <T> T get(Supplier<T> work) {
    checkKept();
    try {
      return work.get();
    } catch (IllegalArgumentException e) {
      throw e; // A restored state that does not fit: nothing has changed.
    } catch (RuntimeException e) {
      lost = new NumbersLostException(device(), e);
      throw lost;
    }
  }

  private void checkKept() {
    if (lost != null) {
      throw lost;
    }
  }

  @Override
  public void close() {
    arithmetic.close();
  }
}
