package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Which of several solutions are better with more than one objective (Deb et al., A Fast and
 * Elitist Multiobjective Genetic Algorithm: NSGA-II, 2002). All values are to be minimized.
 */
final class Domination {
  private Domination() {}

  /** Whether {@code a} is nowhere worse than {@code b} and better somewhere. */
  static boolean dominates(double[] a, double[] b) {
    boolean better = false;
    for (int i = 0; i < a.length; i++) {
      if (a[i] > b[i]) {
        return false;
      }
      better |= a[i] < b[i];
    }
    return better;
  }

  /**
   * The front of each solution: 0 for those that none dominates, 1 for those that only such ones
   * do, and so on. What violates constraints comes after all that does not, less before more.
   *
   * @param violations how much each violates; 0 if not at all
   */
  static int[] fronts(double[][] values, double[] violations) {
    int n = values.length;
    int[] dominators = new int[n];
    int[] fronts = new int[n];
    List<List<Integer>> dominated = new ArrayList<>();
    List<Integer> front = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      dominated.add(new ArrayList<>());
      for (int j = 0; j < n; j++) {
        boolean equallyFeasible = violations[i] == violations[j];
        if (equallyFeasible ? dominates(values[i], values[j]) : violations[i] < violations[j]) {
          dominated.get(i).add(j);
        } else if (equallyFeasible
            ? dominates(values[j], values[i])
            : violations[j] < violations[i]) {
          dominators[i]++;
        }
      }
      if (dominators[i] == 0) {
        front.add(i);
      }
    }
    for (int rank = 0; !front.isEmpty(); rank++) {
      List<Integer> next = new ArrayList<>();
      for (int i : front) {
        fronts[i] = rank;
        for (int j : dominated.get(i)) {
          if (--dominators[j] == 0) {
            next.add(j);
          }
        }
      }
      front = next;
    }
    return fronts;
  }

  /**
   * How far apart the neighbours of each solution are within its front, summed over the objectives
   * as shares of their range; positive infinity at the ends.
   */
  static double[] crowdingDistances(double[][] values, int[] fronts) {
    double[] distances = new double[values.length];
    int last = Arrays.stream(fronts).max().orElse(-1);
    for (int rank = 0; rank <= last; rank++) {
      List<Integer> front = new ArrayList<>();
      for (int i = 0; i < fronts.length; i++) {
        if (fronts[i] == rank) {
          front.add(i);
        }
      }
      for (int objective = 0; objective < values[front.get(0)].length; objective++) {
        int by = objective;
        front.sort(Comparator.comparingDouble(i -> values[i][by]));
        int first = front.get(0);
        int end = front.get(front.size() - 1);
        double range = values[end][by] - values[first][by];
        distances[first] = Double.POSITIVE_INFINITY;
        distances[end] = Double.POSITIVE_INFINITY;
        for (int k = 1; k + 1 < front.size() && range > 0; k++) {
          double gap = values[front.get(k + 1)][by] - values[front.get(k - 1)][by];
          // Infinite values have no distances worth to speak of.
          distances[front.get(k)] += Double.isFinite(range) ? gap / range : 0;
        }
      }
    }
    return distances;
  }
}
