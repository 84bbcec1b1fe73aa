package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;

/** On the processor: gradients and means are arrays, and gradients stay where they are. */
final class CpuNumbers implements SliceNumbers {
  private final float[] values;
  private final Optimizer optimizer;

  /** Arrays for means, used again when nobody reads them any more. */
  private final Deque<float[]> unused = new ArrayDeque<>();

  /** For a gradient that is part of an array. */
  private float[] scratch = new float[0];

  /** Segments of gradients that do not lie in arrays, while they are in the processor's cache. */
  private final List<float[]> segments = new ArrayList<>();

  /** A stretch of somebody's array, an array of this class's own, or what must be read first. */
  final class HostVector implements Vector {
    private FloatSlice numbers;
    private @Nullable SliceSource source;
    private boolean own;

    private HostVector(FloatSlice numbers, boolean own) {
      this.numbers = numbers;
      this.own = own;
    }

    private HostVector(SliceSource source) {
      this(FloatSlice.NONE, false);
      this.source = source;
    }

    /** From now on it does not change, whatever happens to its source. */
    private void copy() {
      SliceSource from = source;
      if (from != null) {
        float[] array = borrow();
        for (int at = 0; at < array.length; at += Codec.SEGMENT) {
          from.read(at, Math.min(Codec.SEGMENT, array.length - at), array, at);
        }
        numbers = FloatSlice.of(array);
        own = true;
        source = null;
      }
    }

    @Override
    public void close() {
      source = null;
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

  @Override
  public Vector take(SliceSource gradient) {
    return new HostVector(gradient);
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
    float[][] arrays = new float[gradients.size()][];
    int[] shifts = new int[arrays.length];
    for (int from = 0; from < values.length; from += Codec.SEGMENT) {
      int length = Math.min(Codec.SEGMENT, values.length - from);
      for (int i = 0; i < arrays.length; i++) {
        HostVector gradient = (HostVector) gradients.get(i);
        SliceSource source = gradient.source;
        if (source == null) {
          arrays[i] = gradient.numbers.array();
          shifts[i] = gradient.numbers.offset();
        } else {
          arrays[i] = segment(i);
          shifts[i] = -from;
          source.read(from, length, arrays[i], 0);
        }
      }
      if (!mean(arrays, shifts, mean.numbers.array(), from, length, sums)) {
        mean.close();
        return null;
      }
    }
    return mean;
  }

  private float[] segment(int number) {
    while (segments.size() <= number) {
      segments.add(new float[Math.min(Codec.SEGMENT, values.length)]);
    }
    return segments.get(number);
  }

  /**
   * Of one segment.
   *
   * @param shifts where each array would have the slice's first number
   */
  private static boolean mean(
      float[][] arrays, int[] shifts, float[] mean, int start, int count, double[] sums) {
    float factor = (float) (1.0 / arrays.length);
    for (int from = start; from < start + count; from += BlockNorm.BLOCK) {
      // Block by block, so that the numbers stay in the processor's cache until they are squared.
      int length = Math.min(BlockNorm.BLOCK, start + count - from);
      if (arrays.length == 1) {
        System.arraycopy(arrays[0], shifts[0] + from, mean, from, length);
      }
      for (int i = 1; i < arrays.length; i++) {
        // In one pass over memory for two workers; to multiply by one changes no bits.
        addAndScale(
            i == 1 ? arrays[0] : mean,
            (i == 1 ? shifts[0] : 0) + from,
            arrays[i],
            shifts[i] + from,
            i == arrays.length - 1 ? factor : 1,
            mean,
            from,
            length);
      }
      double sum = BlockNorm.sumOfSquares(mean, from, from + length);
      if (!Double.isFinite(sum)) {
        for (int i = from; i < from + length; i++) {
          mean[i] = wideMean(arrays, shifts, i);
        }
        sum = BlockNorm.sumOfSquares(mean, from, from + length);
        if (!Double.isFinite(sum)) {
          return false;
        }
      }
      sums[from / BlockNorm.BLOCK] = sum;
    }
    return true;
  }

  private static void addAndScale(
      float[] a, int aFrom, float[] b, int bFrom, float factor, float[] sum, int from, int length) {
    for (int i = 0; i < length; i++) {
      sum[from + i] = (a[aFrom + i] + b[bFrom + i]) * factor;
    }
  }

  private static float wideMean(float[][] arrays, int[] shifts, int index) {
    double sum = 0;
    for (int i = 0; i < arrays.length; i++) {
      sum += arrays[i][shifts[i] + index];
    }
    return (float) (sum / arrays.length);
  }

  @Override
  public boolean isFinite(Vector vector) {
    ((HostVector) vector).copy(); // else it might be finite now and not when it is added
    FloatSlice gradient = numbers(vector);
    for (int i = gradient.offset(); i < gradient.offset() + gradient.length(); i++) {
      if (!Float.isFinite(gradient.array()[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void step(
      Vector gradient,
      int network,
      double learningRate,
      double clipCoefficient,
      Optimizer.Stretches done) {
    FloatSlice given = numbers(gradient);
    float[] stepped = given.array();
    if (stepped.length != values.length) {
      if (scratch.length == 0) {
        scratch = new float[values.length];
      }
      System.arraycopy(stepped, given.offset(), scratch, 0, values.length);
      stepped = scratch;
    }
    optimizer.step(
        network, values, stepped, (float) clipCoefficient, learningRate, Codec.SEGMENT, done);
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
