package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;

/** On the processor: gradients and means are arrays, and gradients stay where they are. */
final class CpuNumbers implements SliceNumbers {
  private final float[] values;
  private final Optimizer optimizer;

  /** Arrays for means, used again when nobody reads them any more. */
  private final Deque<float[]> unused = new ArrayDeque<>();

  /** For a gradient that is part of an array. */
  private float[] scratch = new float[0];

  /** A stretch of somebody's array, or an array of this class's own. */
  final class HostVector implements Vector {
    private final FloatSlice numbers;
    private boolean own;

    private HostVector(FloatSlice numbers, boolean own) {
      this.numbers = numbers;
      this.own = own;
    }

    @Override
    public void close() {
      if (own) {
        own = false;
        unused.push(numbers.array());
      }
    }
  }

  CpuNumbers(ShardSetup setup) {
    values = new float[setup.size()];
    optimizer = setup.optimizer().create(setup.layout(), setup.from(), setup.to());
  }

  @Override
  public String device() {
    return "CPU";
  }

  @Override
  public float[] values() {
    return values;
  }

  @Override
  public void begin(FloatSlice initial) {
    System.arraycopy(initial.array(), initial.offset(), values, 0, values.length);
  }

  @Override
  public Vector take(FloatSlice gradient) {
    return new HostVector(gradient, false);
  }

  private static FloatSlice numbers(Vector vector) {
    return ((HostVector) vector).numbers;
  }

  /** An array of the slice's length, with anything in it. */
  private float[] borrow() {
    float[] array = unused.poll();
    return array != null ? array : new float[values.length];
  }

  /** The array itself: nobody writes into it before it is given back. */
  @Override
  public float[] share(Vector mean) {
    ((HostVector) mean).own = false;
    return numbers(mean).array();
  }

  @Override
  public void giveBack(float[] shared) {
    unused.push(shared);
  }

  @Override
  public @Nullable Vector mean(List<Vector> gradients, double[] sums) {
    HostVector mean = new HostVector(FloatSlice.of(borrow()), true);
    List<FloatSlice> slices = gradients.stream().map(CpuNumbers::numbers).toList();
    if (mean(slices, mean.numbers.array(), sums)) {
      return mean;
    }
    mean.close();
    return null;
  }

  private static boolean mean(List<FloatSlice> gradients, float[] mean, double[] sums) {
    float factor = (float) (1.0 / gradients.size());
    for (int block = 0; block < sums.length; block++) {
      // Block by block, so that the numbers stay in the processor's cache until they are squared.
      int from = block * BlockNorm.BLOCK;
      int length = Math.min(BlockNorm.BLOCK, mean.length - from);
      FloatSlice first = gradients.get(0);
      if (gradients.size() == 1) {
        System.arraycopy(first.array(), first.offset() + from, mean, from, length);
      }
      for (int i = 1; i < gradients.size(); i++) {
        FloatSlice sum = i == 1 ? first : FloatSlice.of(mean);
        FloatSlice next = gradients.get(i);
        // In one pass over memory for two workers; to multiply by one changes no bits.
        addAndScale(
            sum.array(),
            sum.offset() + from,
            next.array(),
            next.offset() + from,
            i == gradients.size() - 1 ? factor : 1,
            mean,
            from,
            length);
      }
      sums[block] = BlockNorm.sumOfSquares(mean, from, from + length);
      if (!Double.isFinite(sums[block])) {
        for (int i = from; i < from + length; i++) {
          mean[i] = wideMean(gradients, i);
        }
        sums[block] = BlockNorm.sumOfSquares(mean, from, from + length);
        if (!Double.isFinite(sums[block])) {
          return false;
        }
      }
    }
    return true;
  }

  private static void addAndScale(
      float[] a, int aFrom, float[] b, int bFrom, float factor, float[] sum, int from, int length) {
    for (int i = 0; i < length; i++) {
      sum[from + i] = (a[aFrom + i] + b[bFrom + i]) * factor;
    }
  }

  private static float wideMean(List<FloatSlice> gradients, int index) {
    double sum = 0;
    for (FloatSlice gradient : gradients) {
      sum += gradient.array()[gradient.offset() + index];
    }
    return (float) (sum / gradients.size());
  }

  @Override
  public boolean isFinite(Vector vector) {
    FloatSlice gradient = numbers(vector);
    for (int i = gradient.offset(); i < gradient.offset() + gradient.length(); i++) {
      if (!Float.isFinite(gradient.array()[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void step(Vector gradient, double learningRate, double clipCoefficient) {
    FloatSlice given = numbers(gradient);
    float[] stepped = given.array();
    if (stepped.length != values.length) {
      if (scratch.length == 0) {
        scratch = new float[values.length];
      }
      System.arraycopy(stepped, given.offset(), scratch, 0, values.length);
      stepped = scratch;
    }
    optimizer.step(values, stepped, (float) clipCoefficient, learningRate);
  }

  @Override
  public StoreState save(long version) {
    Map<String, float[]> moments = new LinkedHashMap<>();
    optimizer.moments().forEach((name, vector) -> moments.put(name, vector.clone()));
    return new StoreState(
        new ParameterSnapshot(version, values.clone()), optimizer.steps(), moments);
  }

  @Override
  public void restore(StoreState state) {
    float[] saved = state.parameters().values();
    SliceNumbers.checkLength(saved, values.length);
    optimizer.restore(state.optimizerSteps(), state.moments());
    begin(FloatSlice.of(saved));
  }

  @Override
  public void close() {}
}
