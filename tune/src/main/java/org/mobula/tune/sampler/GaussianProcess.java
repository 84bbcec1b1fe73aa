package org.mobula.tune.sampler;

import java.util.Arrays;
import java.util.List;

/**
 * Regression by a Gaussian process with mean 0 and a Matérn-5/2 covariance that has a length scale
 * for each coordinate; choices are as far apart as they differ in number (Hamming). Rasmussen and
 * Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5.
 *
 * <p>To it may be added a covariance for each coordinate alone (additive processes: Duvenaud,
 * Nickisch and Rasmussen, 2011), by Wendland's function of compact support, {@code (1 - r)^5 (8 r^2
 * + 5 r + 1)} for {@code r < 1}. Where coordinates act by themselves, hills and valleys along each
 * are learned from all points at once.
 *
 * <p>The kernel is a vector of logarithms: the inverse squared length scale of each coordinate, the
 * variance, and the noise above {@link #LEAST_NOISE}; with the additive part, also the inverse
 * squared reach of each coordinate, and the variance of their sum. One thread at a time.
 */
final class GaussianProcess {
  /** Variance of the noise that is always there, in units of the squared values. */
  static final double LEAST_NOISE = 1e-8;

  /** The kernel's logarithms stay between these. */
  private static final double LOWEST = -20;

  private static final double HIGHEST = 15;

  /** What is believed of the logarithms of inverse squared reaches. */
  private static final double REACH_MEAN = 1;

  private static final double REACH_DEVIATION = 2.5;

  private final boolean[] categorical;
  private final double[][] points;
  private final double[] inverseSquaredScales;
  private final double variance;

  /** Inverse reaches of the additive part; empty without it. */
  private final double[] inverseReaches;

  /** Variance of one coordinate's part. */
  private final double share;

  /** The Cholesky factor of the covariance, by rows, and its transpose. */
  private final double[][] lower;

  private final double[][] upper;

  /** The inverse covariance times the values. */
  private final double[] weights;

  private final double[] covariances;
  private final double[] slopes;
  private final double[] solved;

  GaussianProcess(boolean[] categorical, double[][] points, double[] values, double[] kernel) {
    int n = points.length;
    int dimensions = categorical.length;
    this.categorical = categorical;
    this.points = points;
    inverseSquaredScales = new double[dimensions];
    Arrays.setAll(inverseSquaredScales, k -> Math.exp(kernel[k]));
    variance = Math.exp(kernel[dimensions]);
    inverseReaches = new double[isAdditive(kernel, dimensions) ? dimensions : 0];
    Arrays.setAll(inverseReaches, k -> Math.exp(0.5 * kernel[dimensions + 2 + k]));
    share = inverseReaches.length > 0 ? Math.exp(kernel[2 * dimensions + 2]) / dimensions : 0;
    lower = new double[n][];
    Arrays.setAll(lower, i -> new double[i + 1]);
    double noise = LEAST_NOISE + Math.exp(kernel[dimensions + 1]);
    do {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
          lower[i][j] =
              variance * matern(squaredDistance(points[i], points[j]))
                  + share * sum(points[i], points[j]);
        }
        lower[i][i] = variance + share * inverseReaches.length + noise;
      }
      // Rounding may leave too little of points that lie close together.
      noise *= 10;
    } while (!factorize(lower));
    upper = new double[n][];
    for (int i = 0; i < n; i++) {
      upper[i] = new double[n];
      for (int j = i; j < n; j++) {
        upper[i][j] = lower[j][i];
      }
    }
    covariances = new double[n];
    slopes = new double[n];
    solved = new double[n];
    weights = values.clone();
    solveLower(weights);
    solveUpper(weights);
  }

  /** How long a kernel with the additive part is. */
  static int kernelLength(int dimensions) {
    return 2 * dimensions + 3;
  }

  private static boolean isAdditive(double[] kernel, int dimensions) {
    return kernel.length == kernelLength(dimensions);
  }

  /**
   * A kernel to begin with: all length scales 1, the variance half in each part, and little noise.
   *
   * @param reach of each coordinate's part
   */
  static double[] firstKernel(int dimensions, double reach) {
    double[] kernel = new double[kernelLength(dimensions)];
    kernel[dimensions] = Math.log(0.5);
    kernel[dimensions + 1] = Math.log(1e-4);
    Arrays.fill(kernel, dimensions + 2, 2 * dimensions + 2, -2 * Math.log(reach));
    kernel[2 * dimensions + 2] = Math.log(0.5);
    return kernel;
  }

  /**
   * The kernel under which the values are the most probable, given what is believed of kernels.
   *
   * @param starts where searches begin; the best of what they find is returned
   */
  static double[] fit(
      boolean[] categorical,
      double[][] points,
      double[] values,
      List<double[]> starts,
      int mostIterations) {
    Loss loss = new Loss(categorical, points, values);
    double[] best = {};
    double least = Double.POSITIVE_INFINITY;
    for (double[] start : starts) {
      double[] kernel = start.clone();
      double found = descend(loss, kernel, mostIterations);
      if (best.length == 0 || found < least) {
        best = kernel;
        least = found;
      }
    }
    return best;
  }

  private static double descend(Loss loss, double[] kernel, int mostIterations) {
    double[] low = new double[kernel.length];
    double[] high = new double[kernel.length];
    Arrays.fill(low, LOWEST);
    Arrays.fill(high, HIGHEST);
    Arrays.setAll(kernel, k -> UnitCube.clip(kernel[k], LOWEST, HIGHEST));
    return Minimizer.minimize(loss, kernel, low, high, mostIterations, 1e-2);
  }

  /** The negative logarithm of a kernel's posterior density, up to a constant. */
  static final class Loss implements Minimizer.Function {
    private final int dimensions;
    private final double[] values;

    /** Squared differences of all pairs {@code j < i}, one array a coordinate. */
    private final double[][] differences;

    /** By coordinate, what each pair has from it alone; then its derivative. */
    private final double[][] parts;

    /** What each pair has from all coordinates alone. */
    private final double[] sums;

    private final double[] pulls;

    private final double[][] factor;
    private final double[][] inverse;
    private final double[] slopes;
    private final double[] covariances;
    private final double[] weights;

    Loss(boolean[] categorical, double[][] points, double[] values) {
      int n = points.length;
      dimensions = categorical.length;
      this.values = values;
      int pairs = n * (n - 1) / 2;
      differences = new double[dimensions][pairs];
      parts = new double[dimensions][pairs];
      for (int k = 0; k < dimensions; k++) {
        int pair = 0;
        for (int i = 0; i < n; i++) {
          for (int j = 0; j < i; j++) {
            double difference = points[i][k] - points[j][k];
            differences[k][pair++] =
                categorical[k] ? (difference == 0 ? 0 : 1) : difference * difference;
          }
        }
      }
      factor = new double[n][];
      Arrays.setAll(factor, i -> new double[i + 1]);
      inverse = new double[n][n];
      slopes = new double[pairs];
      sums = new double[pairs];
      pulls = new double[pairs];
      covariances = new double[pairs];
      weights = new double[n];
    }

    @Override
    public double at(double[] kernel, double[] gradient) {
      int n = values.length;
      double variance = Math.exp(kernel[dimensions]);
      double extraNoise = Math.exp(kernel[dimensions + 1]);
      double noise = LEAST_NOISE + extraNoise;
      // The priors: 0.1 / w + 0.1 w, Gamma(2, 1) and Gamma(1.1, 30).
      double loss = -(kernel[dimensions] - variance) - (0.1 * Math.log(noise) - 30 * noise);
      boolean additive = isAdditive(kernel, dimensions);
      double ofParts = additive ? Math.exp(kernel[2 * dimensions + 2]) : 0;
      gradient[dimensions] = variance - 1;
      gradient[dimensions + 1] = extraNoise * (30 - 0.1 / noise);
      Arrays.fill(covariances, 0);
      for (int k = 0; k < dimensions; k++) {
        double inverseSquaredScale = Math.exp(kernel[k]);
        loss += 0.1 / inverseSquaredScale + 0.1 * inverseSquaredScale;
        gradient[k] = 0.1 * inverseSquaredScale - 0.1 / inverseSquaredScale;
        for (int pair = 0; pair < covariances.length; pair++) {
          covariances[pair] += inverseSquaredScale * differences[k][pair];
        }
      }
      if (additive) {
        loss += addParts(kernel, gradient, ofParts);
      }
      int pair = 0;
      for (int i = 0; i < n; i++) {
        double[] row = factor[i];
        for (int j = 0; j < i; j++, pair++) {
          double root = Math.sqrt(5 * covariances[pair]);
          double decay = variance * Math.exp(-root);
          slopes[pair] = -5.0 / 6 * (1 + root) * decay;
          covariances[pair] = decay * (1 + root + root * root / 3);
          row[j] = additive ? covariances[pair] + sums[pair] : covariances[pair];
        }
        row[i] = variance + ofParts + noise;
      }
      if (!factorize(factor)) {
        return Double.POSITIVE_INFINITY;
      }
      invert();
      double fit = 0;
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          sum += inverse[i][j] * values[j];
        }
        weights[i] = sum;
        fit += sum * values[i];
        loss += Math.log(factor[i][i]);
      }
      loss += 0.5 * fit;
      double trace = 0;
      double overlap = 0;
      double sumsOverlap = 0;
      pair = 0;
      for (int i = 0; i < n; i++) {
        trace += inverse[i][i] - weights[i] * weights[i];
        for (int j = 0; j < i; j++, pair++) {
          double pull = inverse[i][j] - weights[i] * weights[j];
          overlap += pull * covariances[pair];
          sumsOverlap += pull * sums[pair];
          slopes[pair] *= pull;
          pulls[pair] = pull;
        }
      }
      if (additive) {
        gradient[2 * dimensions + 2] += sumsOverlap + 0.5 * trace * ofParts;
        for (int k = 0; k < dimensions; k++) {
          double sum = 0;
          for (int p = 0; p < pulls.length; p++) {
            sum += pulls[p] * parts[k][p];
          }
          gradient[dimensions + 2 + k] += sum;
        }
      }
      gradient[dimensions] += overlap + 0.5 * trace * variance;
      gradient[dimensions + 1] += 0.5 * trace * extraNoise;
      for (int k = 0; k < dimensions; k++) {
        double sum = 0;
        for (int p = 0; p < slopes.length; p++) {
          sum += slopes[p] * differences[k][p];
        }
        gradient[k] += sum * Math.exp(kernel[k]);
      }
      return loss;
    }

    /** Sets parts and their sums; returns what is believed of their kernel. */
    private double addParts(double[] kernel, double[] gradient, double ofParts) {
      double loss = ofParts;
      gradient[2 * dimensions + 2] = ofParts;
      Arrays.fill(sums, 0);
      for (int k = 0; k < dimensions; k++) {
        double logarithm = kernel[dimensions + 2 + k];
        double off = (logarithm - REACH_MEAN) / REACH_DEVIATION;
        loss += 0.5 * off * off;
        gradient[dimensions + 2 + k] = off / REACH_DEVIATION;
        double inverseReach = Math.exp(0.5 * logarithm);
        double share = ofParts / dimensions;
        double[] squares = differences[k];
        double[] part = parts[k];
        for (int pair = 0; pair < part.length; pair++) {
          double r = inverseReach * Math.sqrt(squares[pair]);
          part[pair] = 0;
          if (r < 1) {
            double left = (1 - r) * (1 - r);
            left *= left;
            sums[pair] += share * left * (1 - r) * ((8 * r + 5) * r + 1);
            part[pair] = -7 * share * left * r * r * (4 * r + 1);
          }
        }
      }
      return loss;
    }

    /** Turns the factor into the inverse of the covariance. */
    private void invert() {
      int n = values.length;
      // Row i of the factor's inverse needs only the rows above it.
      double[][] inverseFactor = new double[n][];
      for (int i = 0; i < n; i++) {
        double[] row = new double[i + 1];
        for (int j = 0; j < i; j++) {
          double entry = factor[i][j];
          double[] above = inverseFactor[j];
          for (int k = 0; k <= j; k++) {
            row[k] -= entry * above[k];
          }
        }
        for (int k = 0; k < i; k++) {
          row[k] /= factor[i][i];
        }
        row[i] = 1 / factor[i][i];
        inverseFactor[i] = row;
      }
      for (double[] row : inverse) {
        Arrays.fill(row, 0);
      }
      for (int k = 0; k < n; k++) {
        double[] row = inverseFactor[k];
        for (int i = 0; i <= k; i++) {
          double entry = row[i];
          double[] target = inverse[i];
          for (int j = 0; j <= i; j++) {
            target[j] += entry * row[j];
          }
        }
      }
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
          inverse[j][i] = inverse[i][j];
        }
      }
    }
  }

  /** The Matérn-5/2 correlation at a squared distance. */
  private static double matern(double squaredDistance) {
    double root = Math.sqrt(5 * squaredDistance);
    return Math.exp(-root) * (1 + root + root * root / 3);
  }

  private double squaredDistance(double[] a, double[] b) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      double difference = a[k] - b[k];
      sum +=
          inverseSquaredScales[k]
              * (categorical[k] ? (difference == 0 ? 0 : 1) : difference * difference);
    }
    return sum;
  }

  /** The sum of what two points have in common along each coordinate alone. */
  private double sum(double[] a, double[] b) {
    double sum = 0;
    for (int k = 0; k < inverseReaches.length; k++) {
      double r = inverseReaches[k] * distance(k, a, b);
      if (r < 1) {
        double left = (1 - r) * (1 - r);
        sum += left * left * (1 - r) * ((8 * r + 5) * r + 1);
      }
    }
    return sum;
  }

  private double distance(int k, double[] a, double[] b) {
    return categorical[k] ? (a[k] == b[k] ? 0 : 1) : Math.abs(a[k] - b[k]);
  }

  /** The Cholesky factor of a symmetric matrix given by its lower rows, in place. */
  private static boolean factorize(double[][] lower) {
    int n = lower.length;
    for (int j = 0; j < n; j++) {
      double[] pivotRow = lower[j];
      double pivot = pivotRow[j];
      for (int k = 0; k < j; k++) {
        pivot -= pivotRow[k] * pivotRow[k];
      }
      if (!(pivot > 0)) {
        return false;
      }
      pivotRow[j] = Math.sqrt(pivot);
      for (int i = j + 1; i < n; i++) {
        double[] row = lower[i];
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
        int k = 0;
        for (; k + 3 < j; k += 4) {
          sum0 += row[k] * pivotRow[k];
          sum1 += row[k + 1] * pivotRow[k + 1];
          sum2 += row[k + 2] * pivotRow[k + 2];
          sum3 += row[k + 3] * pivotRow[k + 3];
        }
        for (; k < j; k++) {
          sum0 += row[k] * pivotRow[k];
        }
        row[j] = (row[j] - (sum0 + sum1 + (sum2 + sum3))) / pivotRow[j];
      }
    }
    return true;
  }

  private void solveLower(double[] vector) {
    int n = vector.length;
    for (int j = 0; j < n; j++) {
      double[] row = upper[j];
      double entry = vector[j] / row[j];
      vector[j] = entry;
      for (int i = j + 1; i < n; i++) {
        vector[i] -= entry * row[i];
      }
    }
  }

  private void solveUpper(double[] vector) {
    for (int j = vector.length - 1; j >= 0; j--) {
      double[] row = lower[j];
      double entry = vector[j] / row[j];
      vector[j] = entry;
      for (int i = 0; i < j; i++) {
        vector[i] -= entry * row[i];
      }
    }
  }

  /** What is believed of the function at a point; without the noise. */
  static final class Belief {
    double mean;
    double deviation;

    /** Derivatives by the coordinates; 0 for choices. */
    final double[] meanGradient;

    final double[] deviationGradient;

    Belief(int dimensions) {
      meanGradient = new double[dimensions];
      deviationGradient = new double[dimensions];
    }
  }

  /** Predicts mean and deviation at a point. */
  void predict(double[] point, Belief belief) {
    correlate(point);
    System.arraycopy(covariances, 0, solved, 0, solved.length);
    solveLower(solved);
    double left = variance + share * inverseReaches.length;
    double mean = 0;
    for (int i = 0; i < solved.length; i++) {
      left -= solved[i] * solved[i];
      mean += covariances[i] * weights[i];
    }
    belief.mean = mean;
    // Never quite certain: it keeps the logarithm of an improvement finite at known points.
    belief.deviation = Math.sqrt(Math.max(0, left) + 1e-12);
  }

  /** Predicts mean and deviation at a point, with their derivatives. */
  void predictWithGradient(double[] point, Belief belief) {
    predict(point, belief);
    solveUpper(solved);
    Arrays.fill(belief.meanGradient, 0);
    Arrays.fill(belief.deviationGradient, 0);
    for (int i = 0; i < solved.length; i++) {
      double ofMean = 2 * weights[i] * slopes[i];
      double ofDeviation = -2 * solved[i] * slopes[i] / belief.deviation;
      double[] known = points[i];
      for (int k = 0; k < point.length; k++) {
        double difference = point[k] - known[k];
        belief.meanGradient[k] += ofMean * difference;
        belief.deviationGradient[k] += ofDeviation * difference;
      }
    }
    for (int k = 0; k < point.length; k++) {
      double factor = categorical[k] ? 0 : inverseSquaredScales[k];
      belief.meanGradient[k] *= factor;
      belief.deviationGradient[k] *= factor;
    }
    for (int k = 0; k < inverseReaches.length; k++) {
      if (!categorical[k]) {
        addSlopes(k, point, belief);
      }
    }
  }

  /** Of the part of one coordinate. */
  private void addSlopes(int k, double[] point, Belief belief) {
    double inverseReach = inverseReaches[k];
    for (int i = 0; i < solved.length; i++) {
      double difference = point[k] - points[i][k];
      double r = inverseReach * Math.abs(difference);
      if (r < 1) {
        double left = (1 - r) * (1 - r);
        double slope =
            -14 * share * inverseReach * inverseReach * difference * (4 * r + 1) * left * left;
        belief.meanGradient[k] += weights[i] * slope;
        belief.deviationGradient[k] -= solved[i] * slope / belief.deviation;
      }
    }
  }

  private void correlate(double[] point) {
    for (int i = 0; i < covariances.length; i++) {
      double root = Math.sqrt(5 * squaredDistance(point, points[i]));
      double decay = variance * Math.exp(-root);
      slopes[i] = -5.0 / 6 * (1 + root) * decay;
      covariances[i] = decay * (1 + root + root * root / 3) + share * sum(point, points[i]);
    }
  }
}
