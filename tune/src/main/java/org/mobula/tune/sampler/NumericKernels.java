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

  /** So that a kernel falls with the square of the distance times this. */
  private final double[] steepness;

  /** Kernels with the same centre and width have the same number; empty without steps. */
  private final int[] shapes;

  /** One kernel of each shape. */
  private final int[] examples;

  private final Map<Double, double[]> logMasses = new HashMap<>();

  /**
   * @param order the places of the observations from the lowest to the highest, of equals the older
   *     first
   */
  NumericKernels(Parameter parameter, double[] observations, int[] order) {
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
    widths = new double[count + 1];
    steepness = new double[count + 1];
    for (int i = 0; i < count; i++) {
      centres[i] = scaled(observations[i]);
    }
    centres[count] = 0.5 * (start + end);
    setWidths(order);
    for (int i = 0; i <= count; i++) {
      steepness[i] = Math.sqrt(0.5) / widths[i];
    }
    shapes = new int[step > 0 ? count + 1 : 0];
    examples = step > 0 ? shapes(order) : shapes;
  }

  private double scaled(double number) {
    return log ? Math.log(number) : number;
  }

  private void setWidths(int[] order) {
    int count = order.length;
    double range = end - start;
    double narrowest = range / Math.min(MOST_PARTS, count + 2.0);
    for (int i = 0; i < count; i++) {
      double centre = centres[order[i]];
      double left = centre - (i == 0 ? start : centres[order[i - 1]]);
      double right = (i == count - 1 ? end : centres[order[i + 1]]) - centre;
      double gap = Math.max(left, right);
      if (count >= 2) { // the outermost do not reach for the ends of the range
        gap = i == 0 ? right : i == count - 1 ? left : gap;
      }
      widths[order[i]] = Math.min(range, Math.max(narrowest, gap));
    }
    widths[count] = range;
  }

  /** Numbers the shapes; returns a kernel of each. */
  private int[] shapes(int[] order) {
    int count = order.length;
    int[] kernels = new int[count + 1];
    int shape = 0;
    for (int i = 0; i < count; i++) {
      int kernel = order[i];
      if (i > 0
          && (centres[kernel] != centres[order[i - 1]] || widths[kernel] != widths[order[i - 1]])) {
        shape++;
      }
      shapes[kernel] = shape;
      kernels[shape] = kernel;
    }
    int prior = count == 0 ? 0 : shape + 1;
    shapes[count] = prior;
    kernels[prior] = count;
    return Arrays.copyOf(kernels, prior + 1);
  }

  @Override
  public double draw(int kernel, Pcg64 random) {
    return draw(centres[kernel], widths[kernel], random);
  }

  @Override
  public double near(double number, int kernel, double scale, Pcg64 random) {
    return draw(scaled(number), scale * widths[kernel], random);
  }

  private double draw(double centre, double width, Pcg64 random) {
    double drawn;
    do { // a third or more is within
      drawn = centre + width * random.nextGaussian();
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
  public void normalize(double[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] -=
          TruncatedNormal.logMass((start - centres[i]) / widths[i], (end - centres[i]) / widths[i]);
      if (step == 0) {
        sums[i] -= Math.log(widths[i]) + HALF_LOG_2_PI;
      }
    }
  }

  @Override
  public void addLogDensities(double number, double[] sums) {
    if (step > 0) {
      double[] masses = logMasses.computeIfAbsent(number, this::logMasses);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += masses[shapes[i]];
      }
      return;
    }
    double x = scaled(number);
    for (int i = 0; i < sums.length; i++) {
      double z = (x - centres[i]) * steepness[i];
      sums[i] -= z * z;
    }
  }

  /** By shape, of half a step around a number. */
  private double[] logMasses(double number) {
    double left = scaled(number - step / 2);
    double right = scaled(number + step / 2);
    double[] masses = new double[examples.length];
    for (int i = 0; i < masses.length; i++) {
      double centre = centres[examples[i]];
      double width = widths[examples[i]];
      masses[i] = TruncatedNormal.logMass((left - centre) / width, (right - centre) / width);
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
