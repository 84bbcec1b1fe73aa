package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;

/** The numbers of a shard and all arithmetic on them. */
final class SliceNumbers {
  private final float[] values;
  private final Optimizer optimizer;

  /** Vectors for means, used again when nobody reads them any more. */
  private final Deque<float[]> unused = new ArrayDeque<>();

  private float[] clipped = new float[0];

  SliceNumbers(ShardSetup setup) {
    values = new float[setup.size()];
    optimizer = setup.optimizer().create(setup.layout(), setup.from(), setup.to());
  }

  float[] values() {
    return values;
  }

  /** A vector of the slice's length, with anything in it. */
  float[] borrow() {
    float[] vector = unused.poll();
    return vector != null ? vector : new float[values.length];
  }

  void giveBack(float[] vector) {
    unused.push(vector);
  }

  /**
   * Adds gradients in the order of the list and divides by their number. The mean of finite numbers
   * is finite, also where their sum is not.
   *
   * @param sums receives the mean's sums of squares, block by block
   * @return false if a gradient holds NaN or infinity
   */
  boolean mean(List<FloatSlice> gradients, float[] mean, double[] sums) {
    float factor = (float) (1.0 / gradients.size());
    for (int block = 0; block < sums.length; block++) {
      // Block by block, so that the numbers stay in the processor's cache until they are squared.
      int from = block * BlockNorm.BLOCK;
      int length = Math.min(BlockNorm.BLOCK, mean.length - from);
      FloatSlice first = gradients.get(0);
      System.arraycopy(first.array(), first.offset() + from, mean, from, length);
      for (int i = 1; i < gradients.size(); i++) {
        FloatSlice gradient = gradients.get(i);
        add(gradient.array(), gradient.offset() + from, mean, from, length);
      }
      if (gradients.size() > 1) {
        scale(mean, from, length, factor, mean);
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

  private static void add(float[] source, int start, float[] sum, int from, int length) {
    for (int i = 0; i < length; i++) {
      sum[from + i] += source[start + i];
    }
  }

  private static void scale(float[] source, int from, int length, float factor, float[] scaled) {
    for (int i = from; i < from + length; i++) {
      scaled[i] = source[i] * factor;
    }
  }

  private static float wideMean(List<FloatSlice> gradients, int index) {
    double sum = 0;
    for (FloatSlice gradient : gradients) {
      sum += gradient.array()[gradient.offset() + index];
    }
    return (float) (sum / gradients.size());
  }

  static boolean isFinite(FloatSlice gradient) {
    for (int i = gradient.offset(); i < gradient.offset() + gradient.length(); i++) {
      if (!Float.isFinite(gradient.array()[i])) {
        return false;
      }
    }
    return true;
  }

  /** Takes one step; the gradient is left as it is, since a replica may be reading it. */
  void step(float[] gradient, double learningRate, double clipCoefficient) {
    float[] stepped = gradient;
    if (clipCoefficient != 1) {
      if (clipped.length == 0) {
        clipped = new float[values.length];
      }
      scale(gradient, 0, gradient.length, (float) clipCoefficient, clipped);
      stepped = clipped;
    }
    optimizer.step(values, stepped, learningRate);
  }

  StoreState save(long version) {
    Map<String, float[]> moments = new LinkedHashMap<>();
    optimizer.moments().forEach((name, vector) -> moments.put(name, vector.clone()));
    return new StoreState(
        new ParameterSnapshot(version, values.clone()), optimizer.steps(), moments);
  }

  /**
   * Goes on from a saved slice.
   *
   * @throws IllegalArgumentException if it is of another length or optimizer; nothing is changed
   */
  void restore(StoreState state) {
    float[] saved = state.parameters().values();
    if (saved.length != values.length) {
      throw new IllegalArgumentException(
          "the saved state has %d numbers but the slice has %d"
              .formatted(saved.length, values.length));
    }
    optimizer.restore(state.optimizerSteps(), state.moments());
    System.arraycopy(saved, 0, values, 0, values.length);
  }
}
