package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;

/**
 * A density over some parameters: a weighted mixture of one kernel for each observation and, as the
 * last, a prior kernel as wide as the range. A kernel is a product of one-dimensional ones.
 */
final class ParzenEstimator {
  private static final int FULL_WEIGHTS = 25;
  private static final double PRIOR_WEIGHT = 1;

  /** A term smaller by this in the logarithm does not change a sum of up to a million. */
  private static final double NEGLIGIBLE = 40;

  private final List<Kernels> columns = new ArrayList<>();
  private final double[] cumulative;
  private final double[] logWeights;

  /** By kernel, all of the logarithm of its part of a density that no point changes. */
  private final double[] logScales;

  /** By kernel, the logarithm of its part of the density at the point looked at. */
  private final double[] terms;

  /**
   * @param observations numbers by parameter, each with one for every observation
   * @param orders by parameter, the places of the observations from the lowest number to the
   *     highest, of equals the older first
   * @param weights of the observations, before the prior's is added; one for each
   */
  ParzenEstimator(
      List<Parameter> parameters, double[][] observations, int[][] orders, double[] weights) {
    for (int i = 0; i < observations.length; i++) {
      columns.add(
          parameters.get(i) instanceof CategoricalParameter choice
              ? new CategoricalKernels(choice, observations[i])
              : new NumericKernels(parameters.get(i), observations[i], orders[i]));
    }
    double[] all = Arrays.copyOf(weights, weights.length + 1);
    all[weights.length] = PRIOR_WEIGHT;
    double sum = 0;
    for (double weight : all) {
      sum += weight;
    }
    cumulative = new double[all.length];
    logWeights = new double[all.length];
    double below = 0;
    for (int i = 0; i < all.length; i++) {
      logWeights[i] = Math.log(all[i] / sum);
      below += all[i] / sum;
      cumulative[i] = below;
    }
    logScales = logWeights.clone();
    for (Kernels column : columns) {
      column.normalize(logScales);
    }
    terms = new double[all.length];
  }

  /** The newest 25 observations count fully, the older ones the less the older they are. */
  static double[] weightsByAge(int observations) {
    double[] weights = new double[observations];
    Arrays.fill(weights, 1);
    int ramp = observations - FULL_WEIGHTS;
    double first = 1.0 / observations;
    for (int i = 0; i < ramp; i++) {
      weights[i] = ramp == 1 ? first : first + (1 - first) * i / (ramp - 1);
    }
    return weights;
  }

  /** Draws points, each with one number for every parameter. */
  double[][] sample(Pcg64 random, int count) {
    double[][] points = new double[count][columns.size()];
    for (double[] point : points) {
      double share = random.nextDouble();
      int kernel = 0;
      while (kernel < cumulative.length - 1 && cumulative[kernel] <= share) {
        kernel++;
      }
      for (int i = 0; i < point.length; i++) {
        point[i] = columns.get(i).draw(kernel, random);
      }
    }
    return points;
  }

  /**
   * A point near another: of its numbers one and about half of the others are moved.
   *
   * @param kernel whose widths say what is near
   * @param scale by which the widths are multiplied, ≤ 1
   */
  double[] near(double[] point, int kernel, double scale, Pcg64 random) {
    double[] near = point.clone();
    int first = random.nextInt(near.length);
    for (int i = 0; i < near.length; i++) {
      if (i == first || random.nextBoolean()) {
        near[i] = columns.get(i).near(near[i], kernel, scale, random);
      }
    }
    return near;
  }

  /** The kernel that has the largest part in the density at a point. */
  int largest(double[] point) {
    setTerms(point);
    int largest = 0;
    for (int i = 1; i < terms.length; i++) {
      if (terms[i] > terms[largest]) {
        largest = i;
      }
    }
    return largest;
  }

  private void setTerms(double[] point) {
    System.arraycopy(logScales, 0, terms, 0, terms.length);
    for (int i = 0; i < point.length; i++) {
      columns.get(i).addLogDensities(point[i], terms);
    }
  }

  /**
   * The logarithm of the density at a point; of the probability in the parameters that are stepped,
   * and per unit of the logarithm in those that are searched in it.
   */
  double logDensity(double[] point) {
    setTerms(point);
    double most = Double.NEGATIVE_INFINITY;
    for (double term : terms) {
      most = Math.max(most, term);
    }
    double sum = 0;
    for (double term : terms) {
      if (term > most - NEGLIGIBLE) {
        sum += Math.exp(term - most);
      }
    }
    return most + Math.log(sum);
  }

  /** The kernels of one parameter, for tests. */
  Kernels column(int index) {
    return columns.get(index);
  }

  /** The normalised weights' logarithms, for tests. */
  double[] logWeights() {
    return logWeights;
  }

  /** One-dimensional kernels, the prior as the last. */
  sealed interface Kernels permits NumericKernels, CategoricalKernels {
    /** A number drawn from one of them. */
    double draw(int kernel, Pcg64 random);

    /** A number at about one kernel's width, times a scale, from another. */
    double near(double number, int kernel, double scale, Pcg64 random);

    /** Adds what makes each kernel's density one: all of its logarithm that no number changes. */
    void normalize(double[] sums);

    /** Adds each kernel's logarithmic density at a number, without what normalises it. */
    void addLogDensities(double number, double[] sums);
  }
}
