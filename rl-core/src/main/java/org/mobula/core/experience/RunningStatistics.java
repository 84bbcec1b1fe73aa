package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;

/**
 * Mean and population variance of a stream of vectors, for normalising observations and returns.
 *
 * <p>Batches are merged as by Chan, Golub and LeVeque (1979), in double precision, and nothing else
 * has a weight: statistics that were gathered in parts merge to those of the whole, but for
 * rounding. Until the first vector the mean is 0 and the variance 1. Updating and normalising
 * allocate nothing. One thread at a time.
 */
public final class RunningStatistics implements Serializable {
  private static final long serialVersionUID = 1L;

  private final double[] mean;
  private final double[] variance;
  private double count;

  /**
   * Statistics of nothing yet.
   *
   * @param size numbers in one vector
   */
  public RunningStatistics(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("size is " + size + " but must be >= 1");
    }
    mean = new double[size];
    variance = new double[size];
    Arrays.fill(variance, 1);
  }

  /**
   * Statistics that begin with mean 0 and variance 1 at the weight of 10⁻⁴ vectors, as those of
   * Gymnasium and Stable-Baselines3 do: a single vector then has a variance to divide by. Parts of
   * a whole must not begin so, since each would bring the weight again.
   */
  public static RunningStatistics withStandardNormalStart(int size) {
    RunningStatistics statistics = new RunningStatistics(size);
    statistics.count = 1e-4;
    return statistics;
  }

  /** Numbers in one vector. */
  public int size() {
    return mean.length;
  }

  /** How many vectors there were. */
  public double count() {
    return count;
  }

  /** The mean of each number; a copy. */
  public double[] mean() {
    return mean.clone();
  }

  /** The population variance of each number; a copy. */
  public double[] variance() {
    return variance.clone();
  }

  /** The mean of one number. */
  public double mean(int index) {
    return mean[index];
  }

  /** The population variance of one number. */
  public double variance(int index) {
    return variance[index];
  }

  /**
   * Takes in vectors.
   *
   * @param vectors any number of them, {@code [vector][size]}
   */
  public void update(float[] vectors) {
    int rows = rows(vectors);
    if (rows == 0) {
      return;
    }
    for (int i = 0; i < mean.length; i++) {
      double sum = 0;
      for (int at = i; at < vectors.length; at += mean.length) {
        sum += vectors[at];
      }
      double batchMean = sum / rows;
      double squares = 0;
      for (int at = i; at < vectors.length; at += mean.length) {
        double deviation = vectors[at] - batchMean;
        squares += deviation * deviation;
      }
      merge(i, batchMean, squares / rows, rows);
    }
    count += rows;
  }

  /** Takes in one number; for statistics of size 1. */
  public void update(double value) {
    if (mean.length != 1) {
      throw new IllegalArgumentException(
          "one number was given to statistics of vectors of " + mean.length);
    }
    merge(0, value, 0, 1);
    count += 1;
  }

  /** Takes in everything that other statistics saw. */
  public void merge(RunningStatistics other) {
    if (other.mean.length != mean.length) {
      throw new IllegalArgumentException(
          "statistics of size " + other.mean.length + " do not merge into size " + mean.length);
    }
    for (int i = 0; i < mean.length; i++) {
      merge(i, other.mean[i], other.variance[i], other.count);
    }
    count += other.count;
  }

  private void merge(int i, double otherMean, double otherVariance, double otherCount) {
    if (otherCount == 0) {
      return; // nothing has no mean, and 0 of 0 would be no share
    }
    double total = count + otherCount;
    double delta = otherMean - mean[i];
    double squares =
        variance[i] * count
            + otherVariance * otherCount
            + delta * delta * count * otherCount / total;
    mean[i] += delta * otherCount / total;
    variance[i] = squares / total;
  }

  /**
   * Writes {@code (x - mean) / √(variance + epsilon)}, cut off at {@code ±clip}.
   *
   * @param in any number of vectors, {@code [vector][size]}
   * @param out of the same length; may be the same array
   */
  public void normalize(float[] in, float[] out, double clip, double epsilon) {
    rows(in);
    for (int i = 0; i < mean.length; i++) {
      double deviation = Math.sqrt(variance[i] + epsilon);
      for (int at = i; at < in.length; at += mean.length) {
        double value = (in[at] - mean[i]) / deviation;
        out[at] = (float) Math.max(-clip, Math.min(clip, value));
      }
    }
  }

  private int rows(float[] vectors) {
    if (vectors.length % mean.length != 0) {
      throw new IllegalArgumentException(
          vectors.length + " numbers are no whole count of vectors of " + mean.length);
    }
    return vectors.length / mean.length;
  }

  /** Independent statistics with the same content. */
  public RunningStatistics copy() {
    RunningStatistics copy = new RunningStatistics(mean.length);
    copy.restore(count, mean, variance);
    return copy;
  }

  /** Continues from what {@link #count()}, {@link #mean()} and {@link #variance()} gave. */
  public void restore(double count, double[] mean, double[] variance) {
    if (mean.length != this.mean.length || variance.length != this.mean.length) {
      throw new IllegalArgumentException(
          "a mean of "
              + mean.length
              + " and a variance of "
              + variance.length
              + " do not fit statistics of size "
              + this.mean.length);
    }
    this.count = count;
    System.arraycopy(mean, 0, this.mean, 0, mean.length);
    System.arraycopy(variance, 0, this.variance, 0, variance.length);
  }

  /** Writes the count, the means and the variances. */
  public void writeState(DataOutput out) throws IOException {
    out.writeDouble(count);
    for (int i = 0; i < mean.length; i++) {
      out.writeDouble(mean[i]);
      out.writeDouble(variance[i]);
    }
  }

  /** Goes on from what {@link #writeState} wrote. */
  public void readState(DataInput in) throws IOException {
    count = in.readDouble();
    for (int i = 0; i < mean.length; i++) {
      mean[i] = in.readDouble();
      variance[i] = in.readDouble();
    }
  }
}
