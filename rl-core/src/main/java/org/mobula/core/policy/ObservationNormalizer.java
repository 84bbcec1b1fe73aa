package org.mobula.core.policy;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.mobula.core.experience.RunningStatistics;

/**
 * Scales features to zero mean and unit variance as they were measured in training. It never
 * changes: a new measurement makes a new one.
 *
 * @param count how many observations were measured
 * @param mean of each feature
 * @param variance of each feature (of the population)
 * @param clip results lie within ±clip
 */
public record ObservationNormalizer(
    double count, List<Double> mean, List<Double> variance, double clip) implements Serializable {
  /** What is added to a variance, so that a feature that never changes can be scaled too. */
  public static final double EPSILON = 1e-8;

  /** Copies the lists. */
  public ObservationNormalizer {
    mean = List.copyOf(mean);
    variance = List.copyOf(variance);
    if (mean.size() != variance.size()) {
      throw new IllegalArgumentException(
          mean.size() + " means but " + variance.size() + " variances");
    }
    if (!(clip > 0)) {
      throw new IllegalArgumentException("clip is " + clip + " but must be > 0");
    }
  }

  /**
   * Scales {@code features} in place as the statistics say now, for as long as they change with
   * each vector; else {@link #of} is faster.
   */
  public static void apply(RunningStatistics statistics, float[] features, double clip) {
    statistics.normalize(features, features, clip, EPSILON);
  }

  /** What these statistics say now. */
  public static ObservationNormalizer of(RunningStatistics statistics, double clip) {
    return new ObservationNormalizer(
        statistics.count(), list(statistics.mean()), list(statistics.variance()), clip);
  }

  private static List<Double> list(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  /** The same scaling on plain arrays, for the hot path. */
  Scaling scaling() {
    int size = mean.size();
    double[] shift = new double[size];
    double[] scale = new double[size];
    for (int i = 0; i < size; i++) {
      shift[i] = mean.get(i);
      scale[i] = 1 / Math.sqrt(variance.get(i) + EPSILON);
    }
    return new Scaling(shift, scale, clip);
  }

  /** (x − shift) · scale, clipped; in double, because a mean far from zero leaves few digits. */
  static final class Scaling {
    private final double[] shift;
    private final double[] scale;
    private final double clip;

    Scaling(double[] shift, double[] scale, double clip) {
      this.shift = shift;
      this.scale = scale;
      this.clip = clip;
    }

    /** Scales {@code rows} rows in place. */
    void apply(float[] features, int rows) {
      int size = shift.length;
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < size; i++) {
          double value = (features[row * size + i] - shift[i]) * scale[i];
          features[row * size + i] = (float) Math.max(-clip, Math.min(clip, value));
        }
      }
    }
  }
}
