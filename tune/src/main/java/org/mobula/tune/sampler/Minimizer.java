package org.mobula.tune.sampler;

import java.util.Arrays;

/**
 * L-BFGS in a box: quasi-Newton steps (Nocedal, 1980) among the coordinates that are free to move,
 * cut at the sides, each shortened until the value falls enough.
 */
final class Minimizer {
  private static final int MEMORY = 10;
  private static final double SUFFICIENT = 1e-4;
  private static final int MOST_HALVINGS = 12;

  /** A smooth function. */
  interface Function {
    /**
     * The value at a point.
     *
     * @param gradient receives the derivatives
     */
    double at(double[] point, double[] gradient);
  }

  private Minimizer() {}

  /**
   * Goes downhill.
   *
   * @param point where to begin, inside the box; becomes the lowest point found
   * @param tolerance ends once no coordinate could gain by a slope above it
   * @return the value there
   */
  static double minimize(
      Function function,
      double[] point,
      double[] low,
      double[] high,
      int mostIterations,
      double tolerance) {
    int n = point.length;
    double[] gradient = new double[n];
    double value = function.at(point, gradient);
    double[][] moves = new double[MEMORY][];
    double[][] changes = new double[MEMORY][];
    int remembered = 0;
    double[] next = new double[n];
    double[] nextGradient = new double[n];
    for (int iteration = 0; iteration < mostIterations; iteration++) {
      boolean[] free = new boolean[n];
      double steepest = 0;
      for (int i = 0; i < n; i++) {
        free[i] =
            !((point[i] <= low[i] && gradient[i] > 0) || (point[i] >= high[i] && gradient[i] < 0));
        steepest = free[i] ? Math.max(steepest, Math.abs(gradient[i])) : steepest;
      }
      if (!(steepest > tolerance) || !Double.isFinite(value)) {
        break;
      }
      double[] direction = direction(gradient, free, moves, changes, remembered);
      double slope = dot(direction, gradient);
      if (!(slope < 0)) {
        remembered = 0;
        direction = direction(gradient, free, moves, changes, 0);
        slope = dot(direction, gradient);
      }
      if (remembered == 0) {
        scale(direction, low, high);
      }
      double nextValue = Double.NaN;
      boolean found = false;
      double length = 1;
      for (int halving = 0; halving < MOST_HALVINGS && !found; halving++) {
        double fall = 0;
        for (int i = 0; i < n; i++) {
          next[i] = UnitCube.clip(point[i] + length * direction[i], low[i], high[i]);
          fall += gradient[i] * (next[i] - point[i]);
        }
        nextValue = function.at(next, nextGradient);
        found = nextValue <= value + SUFFICIENT * fall && fall < 0;
        length *= halving < 2 ? 0.5 : 0.2;
      }
      if (!found) {
        if (remembered == 0) {
          break;
        }
        remembered = 0;
        continue;
      }
      double[] move = new double[n];
      double[] change = new double[n];
      for (int i = 0; i < n; i++) {
        move[i] = next[i] - point[i];
        change[i] = nextGradient[i] - gradient[i];
      }
      if (dot(move, change) > 1e-10 * dot(change, change)) {
        moves[remembered % MEMORY] = move;
        changes[remembered % MEMORY] = change;
        remembered++;
      }
      boolean converged = value - nextValue <= 1e-10 * Math.max(1, Math.abs(value));
      value = nextValue;
      System.arraycopy(next, 0, point, 0, n);
      System.arraycopy(nextGradient, 0, gradient, 0, n);
      if (converged) {
        break;
      }
    }
    return value;
  }

  /** The two-loop recursion among the free coordinates. */
  private static double[] direction(
      double[] gradient, boolean[] free, double[][] moves, double[][] changes, int remembered) {
    int n = gradient.length;
    double[] direction = new double[n];
    for (int i = 0; i < n; i++) {
      direction[i] = free[i] ? -gradient[i] : 0;
    }
    int oldest = Math.max(0, remembered - MEMORY);
    double[] along = new double[MEMORY];
    for (int k = remembered - 1; k >= oldest; k--) {
      double[] move = moves[k % MEMORY];
      double[] change = changes[k % MEMORY];
      along[k % MEMORY] = dot(move, direction) / dot(move, change);
      add(direction, -along[k % MEMORY], change);
    }
    if (remembered > 0) {
      double[] move = moves[(remembered - 1) % MEMORY];
      double[] change = changes[(remembered - 1) % MEMORY];
      double factor = dot(move, change) / dot(change, change);
      for (int i = 0; i < n; i++) {
        direction[i] *= factor;
      }
    }
    for (int k = oldest; k < remembered; k++) {
      double[] move = moves[k % MEMORY];
      double[] change = changes[k % MEMORY];
      add(direction, along[k % MEMORY] - dot(change, direction) / dot(move, change), move);
    }
    for (int i = 0; i < n; i++) {
      direction[i] = free[i] ? direction[i] : 0;
    }
    return direction;
  }

  /** Without a notion of the curvature, goes a tenth of the box at most. */
  private static void scale(double[] direction, double[] low, double[] high) {
    double longest = 0;
    for (int i = 0; i < direction.length; i++) {
      longest = Math.max(longest, Math.abs(direction[i]) / Math.max(1e-300, high[i] - low[i]));
    }
    double factor = Math.min(1, 0.1 / longest);
    Arrays.setAll(direction, i -> direction[i] * factor);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void add(double[] to, double factor, double[] vector) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * vector[i];
    }
  }
}
