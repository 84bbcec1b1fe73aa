package org.mobula.tune.sampler;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;

/**
 * Normal kernels cut off at the ends of the range, in the logarithm if the parameter is searched in
 * it. A kernel is as wide as the larger gap to its neighbours, within limits. Where there are
 * steps, a value has the probability of the interval of half a step around it.
 */
final class NumericKernels implements ParzenEstimator.Kernels {
  /** The narrowest kernel is this part of the range, or wider while there are few. */
  private static final double MOST_PARTS = 100;

  private static final double HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

  private final double low;
  private final double high;
  private final double step;
  private final boolean log;
  private final double start;
  private final double end;
  private final double[] centres;
  private final double[] widths;
  private final double[] inverseWidths;

  /** What a kernel's logarithmic density lacks to be normalised. */
  private final double[] logNorms;

  /** Kernels with the same centre and width have the same number. */
  private final int[] shapes;

  /** One kernel of each shape. */
  private final int[] examples;

  private final Map<Double, double[]> logMasses = new HashMap<>();

  NumericKernels(Parameter parameter, double[] observations) {
    if (parameter instanceof IntParameter integer) {
      low = integer.low();
      high = integer.high();
      step = integer.step();
      log = integer.log();
    } else {
      FloatParameter number = (FloatParameter) parameter;
      low = number.low();
      high = number.high();
      step = number.step();
      log = number.log();
    }
    start = scaled(low - step / 2);
    end = scaled(high + step / 2);
    int count = observations.length;
    centres = new double[count + 1];
    for (int i = 0; i < count; i++) {
      centres[i] = scaled(observations[i]);
    }
    double[] sorted = Arrays.copyOf(centres, count);
    Arrays.sort(sorted);
    double[] sortedWidths = widths(sorted);
    int[] sortedShapes = new int[count];
    for (int i = 1; i < count; i++) {
      boolean same = sorted[i] == sorted[i - 1] && sortedWidths[i] == sortedWidths[i - 1];
      sortedShapes[i] = sortedShapes[i - 1] + (same ? 0 : 1);
    }
    int prior = count == 0 ? 0 : sortedShapes[count - 1] + 1;
    widths = new double[count + 1];
    shapes = new int[count + 1];
    examples = new int[prior + 1];
    int[] equals = new int[count];
    for (int i = 0; i < count; i++) {
      int place = first(sorted, centres[i]);
      place += equals[place]++; // the older first
      widths[i] = sortedWidths[place];
      shapes[i] = sortedShapes[place];
      examples[shapes[i]] = i;
    }
    centres[count] = 0.5 * (start + end);
    widths[count] = end - start;
    shapes[count] = prior;
    examples[prior] = count;
    inverseWidths = new double[count + 1];
    logNorms = new double[count + 1];
    for (int i = 0; i <= count; i++) {
      inverseWidths[i] = 1 / widths[i];
      logNorms[i] =
          TruncatedNormal.logMass(
              (start - centres[i]) * inverseWidths[i], (end - centres[i]) * inverseWidths[i]);
      if (step == 0) {
        logNorms[i] += Math.log(widths[i]) + HALF_LOG_2_PI;
      }
    }
  }

  private double scaled(double number) {
    return log ? Math.log(number) : number;
  }

  private double[] widths(double[] sorted) {
    int count = sorted.length;
    double[] gaps = new double[count];
    for (int i = 0; i < count; i++) {
      double left = i == 0 ? sorted[i] - start : sorted[i] - sorted[i - 1];
      double right = i == count - 1 ? end - sorted[i] : sorted[i + 1] - sorted[i];
      gaps[i] = Math.max(left, right);
    }
    if (count >= 2) { // the outermost do not reach for the ends of the range
      gaps[0] = sorted[1] - sorted[0];
      gaps[count - 1] = sorted[count - 1] - sorted[count - 2];
    }
    double range = end - start;
    for (int i = 0; i < count; i++) {
      gaps[i] = Math.min(range, Math.max(range / Math.min(MOST_PARTS, count + 2.0), gaps[i]));
    }
    return gaps;
  }

  /** The first place of a number that is there. */
  private static int first(double[] sorted, double number) {
    int place = Arrays.binarySearch(sorted, number);
    while (place > 0 && sorted[place - 1] == number) {
      place--;
    }
    return place;
  }

  @Override
  public double draw(int kernel, Pcg64 random) {
    double drawn;
    do { // a third or more of the kernel is within
      drawn = centres[kernel] + widths[kernel] * random.nextGaussian();
    } while (drawn < start || drawn > end);
    if (log) {
      drawn = Math.exp(drawn);
    }
    if (step > 0) {
      drawn = low + Math.rint((drawn - low) / step) * step;
    }
    return Math.max(low, Math.min(high, drawn));
  }

  @Override
  public void addLogDensities(double number, double[] sums) {
    if (step > 0) {
      double[] masses = logMasses.computeIfAbsent(number, this::logMasses);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += masses[shapes[i]] - logNorms[i];
      }
      return;
    }
    double x = scaled(number);
    for (int i = 0; i < sums.length; i++) {
      double z = (x - centres[i]) * inverseWidths[i];
      sums[i] -= 0.5 * z * z + logNorms[i];
    }
  }

  /** By shape, of half a step around a number. */
  private double[] logMasses(double number) {
    double left = scaled(number - step / 2);
    double right = scaled(number + step / 2);
    double[] masses = new double[examples.length];
    for (int i = 0; i < masses.length; i++) {
      int kernel = examples[i];
      masses[i] =
          TruncatedNormal.logMass(
              (left - centres[kernel]) * inverseWidths[kernel],
              (right - centres[kernel]) * inverseWidths[kernel]);
    }
    return masses;
  }

  /** For tests. */
  double[] centres() {
    return centres;
  }

  /** Standard deviations of the kernels, for tests. */
  double[] widths() {
    return widths;
  }
}
