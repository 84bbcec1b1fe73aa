package org.mobula.tune.sampler;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.mobula.core.random.Pcg64;

/**
 * Evolution of a normal distribution towards lower values: CMA-ES with active covariance updates
 * (Hansen, The CMA Evolution Strategy: A Tutorial, 2016; its equations 41 to 58), inside the unit
 * cube. A point that is drawn outside is drawn again, and in the end taken to the nearest side.
 * Does not change.
 */
final class CmaEs {
  private static final double EPSILON = 1e-8;
  private static final double MOST_SIGMA = 1e32;

  final int dimensions;
  final int populationSize;
  final double[] weights;
  final double muEffective;
  final double c1;
  final double cMu;
  final double cSigma;
  final double dSigma;
  final double cC;
  final double chi;

  /** Tolerance of the step size, in units of the first one. */
  private final double smallestSigma;

  final double[] mean;
  final double[][] covariance;
  final double[] sigmaPath;
  final double[] covariancePath;
  double sigma;
  int generation;

  /** Square roots of the eigenvalues, and the eigenvectors as columns. */
  private double[] axisLengths;

  private double[][] axes;

  /** The lowest and the highest value of each of the latest generations. */
  private final double[] latestValues;

  CmaEs(double[] mean, double sigma, int populationSize) {
    int n = mean.length;
    dimensions = n;
    this.populationSize = populationSize;
    this.mean = mean.clone();
    this.sigma = sigma;
    smallestSigma = 1e-12 * sigma;
    int parents = populationSize / 2;
    double[] raw = new double[populationSize];
    double sum = 0;
    double squares = 0;
    double sumOfOthers = 0;
    double squaresOfOthers = 0;
    double positive = 0;
    double negative = 0;
    for (int i = 0; i < populationSize; i++) {
      raw[i] = Math.log((populationSize + 1) / 2.0) - Math.log(i + 1);
      if (i < parents) {
        sum += raw[i];
        squares += raw[i] * raw[i];
      } else {
        sumOfOthers += raw[i];
        squaresOfOthers += raw[i] * raw[i];
      }
      positive += Math.max(0, raw[i]);
      negative += Math.max(0, -raw[i]);
    }
    muEffective = sum * sum / squares;
    double muEffectiveOfOthers = sumOfOthers * sumOfOthers / squaresOfOthers;
    c1 = 2 / ((n + 1.3) * (n + 1.3) + muEffective);
    cMu =
        Math.min(
            1 - c1 - 1e-8,
            2 * (muEffective - 2 + 1 / muEffective) / ((n + 2.0) * (n + 2.0) + muEffective));
    double ofNegative =
        Math.min(
            1 + c1 / cMu,
            Math.min(1 + 2 * muEffectiveOfOthers / (muEffective + 2), (1 - c1 - cMu) / (n * cMu)));
    weights = new double[populationSize];
    for (int i = 0; i < populationSize; i++) {
      weights[i] = raw[i] >= 0 ? raw[i] / positive : raw[i] * ofNegative / negative;
    }
    cSigma = (muEffective + 2) / (n + muEffective + 5);
    dSigma = 1 + 2 * Math.max(0, Math.sqrt((muEffective - 1) / (n + 1)) - 1) + cSigma;
    cC = (4 + muEffective / n) / (n + 4 + 2 * muEffective / n);
    chi = Math.sqrt(n) * (1 - 1 / (4.0 * n) + 1 / (21.0 * n * n));
    covariance = new double[n][n];
    axes = new double[n][n];
    axisLengths = new double[n];
    for (int i = 0; i < n; i++) {
      covariance[i][i] = 1;
      axes[i][i] = 1;
      axisLengths[i] = 1;
    }
    sigmaPath = new double[n];
    covariancePath = new double[n];
    latestValues = new double[2 * (10 + (int) Math.ceil(30.0 * n / populationSize))];
  }

  private CmaEs(CmaEs that) {
    dimensions = that.dimensions;
    populationSize = that.populationSize;
    weights = that.weights;
    muEffective = that.muEffective;
    c1 = that.c1;
    cMu = that.cMu;
    cSigma = that.cSigma;
    dSigma = that.dSigma;
    cC = that.cC;
    chi = that.chi;
    smallestSigma = that.smallestSigma;
    mean = that.mean.clone();
    covariance = new double[dimensions][];
    Arrays.setAll(covariance, i -> that.covariance[i].clone());
    sigmaPath = that.sigmaPath.clone();
    covariancePath = that.covariancePath.clone();
    sigma = that.sigma;
    generation = that.generation;
    axisLengths = that.axisLengths;
    axes = that.axes;
    latestValues = that.latestValues.clone();
  }

  /** The population size that the tutorial advises. */
  static int populationSize(int dimensions) {
    return 4 + (int) Math.floor(3 * Math.log(dimensions));
  }

  /** Draws a point of the unit cube. */
  double[] ask(Pcg64 random) {
    double[] standardNormal = new double[dimensions];
    double[] point = {-1};
    for (int left = 10 * dimensions; left >= 0 && !isInside(point); left--) {
      Arrays.setAll(standardNormal, i -> random.nextGaussian());
      point = point(standardNormal);
    }
    for (int i = 0; i < dimensions; i++) {
      point[i] = UnitCube.clip(point[i], 0, 1);
    }
    return point;
  }

  /** The point that a standard normal vector leads to; if it is outside, another is drawn. */
  double[] ask(double[] standardNormal, Pcg64 random) {
    double[] point = point(standardNormal);
    return isInside(point) ? point : ask(random);
  }

  private double[] point(double[] standardNormal) {
    double[] point = mean.clone();
    for (int axis = 0; axis < dimensions; axis++) {
      double along = sigma * axisLengths[axis] * standardNormal[axis];
      for (int i = 0; i < dimensions; i++) {
        point[i] += axes[i][axis] * along;
      }
    }
    return point;
  }

  /** As many vectors as dimensions, each standard normal, at right angles to each other. */
  static double[][] orthogonal(int dimensions, Pcg64 random) {
    double[][] vectors = new double[dimensions][dimensions];
    double[] lengths = new double[dimensions];
    for (int k = 0; k < dimensions; k++) {
      double[] vector = vectors[k];
      Arrays.setAll(vector, i -> random.nextGaussian());
      lengths[k] = Math.sqrt(squaredLength(vector));
      for (int j = 0; j < k; j++) {
        double[] other = vectors[j];
        double along = 0;
        for (int i = 0; i < dimensions; i++) {
          along += vector[i] * other[i];
        }
        for (int i = 0; i < dimensions; i++) {
          vector[i] -= along * other[i];
        }
      }
      double left = Math.sqrt(squaredLength(vector));
      Arrays.setAll(vector, i -> vector[i] / left);
    }
    for (int k = 0; k < dimensions; k++) {
      double[] vector = vectors[k];
      double length = lengths[k];
      Arrays.setAll(vector, i -> vector[i] * length);
    }
    return vectors;
  }

  private static boolean isInside(double[] point) {
    for (double coordinate : point) {
      if (coordinate < 0 || coordinate > 1) {
        return false;
      }
    }
    return true;
  }

  /**
   * The distribution after a generation.
   *
   * @param points a population, the best first
   * @param best value of the first
   * @param worst value of the last
   */
  CmaEs after(double[][] points, double best, double worst) {
    CmaEs next = new CmaEs(this);
    next.tell(points, best, worst);
    return next;
  }

  private void tell(double[][] points, double best, double worst) {
    int n = dimensions;
    generation++;
    int latest = 2 * (generation % (latestValues.length / 2));
    latestValues[latest] = best;
    latestValues[latest + 1] = worst;
    double[][] steps = new double[populationSize][n];
    double[] meanStep = new double[n];
    for (int k = 0; k < populationSize; k++) {
      for (int i = 0; i < n; i++) {
        steps[k][i] = (points[k][i] - mean[i]) / sigma;
        if (k < populationSize / 2) {
          meanStep[i] += weights[k] * steps[k][i];
        }
      }
    }
    for (int i = 0; i < n; i++) {
      mean[i] += sigma * meanStep[i];
    }
    double[] whitened = whiten(meanStep);
    double ofSigmaPath = Math.sqrt(cSigma * (2 - cSigma) * muEffective);
    for (int i = 0; i < n; i++) {
      sigmaPath[i] = (1 - cSigma) * sigmaPath[i] + ofSigmaPath * whitened[i];
    }
    double pathLength = Math.sqrt(squaredLength(sigmaPath));
    sigma = Math.min(MOST_SIGMA, sigma * Math.exp(cSigma / dSigma * (pathLength / chi - 1)));
    boolean steady =
        pathLength / Math.sqrt(1 - Math.pow(1 - cSigma, 2.0 * (generation + 1)))
            < (1.4 + 2 / (n + 1.0)) * chi;
    double ofCovariancePath = steady ? Math.sqrt(cC * (2 - cC) * muEffective) : 0;
    for (int i = 0; i < n; i++) {
      covariancePath[i] = (1 - cC) * covariancePath[i] + ofCovariancePath * meanStep[i];
    }
    double kept = 1 - c1 + (steady ? 0 : c1 * cC * (2 - cC));
    double[] scaled = new double[populationSize];
    for (int k = 0; k < populationSize; k++) {
      kept -= cMu * weights[k];
      scaled[k] =
          weights[k] >= 0
              ? weights[k]
              : weights[k] * n / (squaredLength(whiten(steps[k])) + EPSILON);
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double update = c1 * covariancePath[i] * covariancePath[j];
        for (int k = 0; k < populationSize; k++) {
          update += cMu * scaled[k] * steps[k][i] * steps[k][j];
        }
        covariance[i][j] = kept * covariance[i][j] + update;
        covariance[j][i] = covariance[i][j];
      }
    }
    decompose();
  }

  /** The inverse square root of the covariance times a vector. */
  private double[] whiten(double[] vector) {
    double[] result = new double[dimensions];
    for (int axis = 0; axis < dimensions; axis++) {
      double along = 0;
      for (int i = 0; i < dimensions; i++) {
        along += axes[i][axis] * vector[i];
      }
      along /= axisLengths[axis];
      for (int i = 0; i < dimensions; i++) {
        result[i] += axes[i][axis] * along;
      }
    }
    return result;
  }

  private void decompose() {
    EigenDecomposition eigen = new EigenDecomposition(new Array2DRowRealMatrix(covariance, false));
    axes = eigen.getV().getData();
    axisLengths = eigen.getRealEigenvalues();
    boolean repaired = false;
    for (int i = 0; i < dimensions; i++) {
      repaired |= axisLengths[i] < 0;
      axisLengths[i] = Math.sqrt(axisLengths[i] < 0 ? EPSILON : axisLengths[i]);
    }
    for (int i = 0; repaired && i < dimensions; i++) {
      for (int j = 0; j < dimensions; j++) {
        covariance[i][j] = 0;
        for (int axis = 0; axis < dimensions; axis++) {
          covariance[i][j] += axes[i][axis] * axes[j][axis] * axisLengths[axis] * axisLengths[axis];
        }
      }
    }
  }

  private static double squaredLength(double[] vector) {
    double sum = 0;
    for (double coordinate : vector) {
      sum += coordinate * coordinate;
    }
    return sum;
  }

  /** Whether the distribution has become too narrow, too wide or too flat to find more. */
  boolean isSpent() {
    if (generation > latestValues.length / 2 && range(latestValues) < 1e-12) {
      return true;
    }
    boolean narrow = true;
    double longest = 0;
    double shortest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < dimensions; i++) {
      double deviation = sigma * Math.sqrt(covariance[i][i]);
      narrow &=
          sigma * covariance[i][i] < smallestSigma && sigma * covariancePath[i] < smallestSigma;
      if (mean[i] == mean[i] + 0.2 * deviation) {
        return true;
      }
      longest = Math.max(longest, axisLengths[i]);
      shortest = Math.min(shortest, axisLengths[i]);
    }
    if (narrow || sigma * longest > 1e4 || Math.pow(longest / shortest, 2) > 1e14) {
      return true;
    }
    int axis = generation % dimensions;
    for (int i = 0; i < dimensions; i++) {
      if (mean[i] != mean[i] + 0.1 * sigma * axisLengths[axis] * axes[i][axis]) {
        return false;
      }
    }
    return true;
  }

  private static double range(double[] values) {
    double low = values[0];
    double high = values[0];
    for (double value : values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return high - low;
  }
}
