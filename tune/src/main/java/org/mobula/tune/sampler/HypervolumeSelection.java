package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * The best of points with several losses: front after front of those that no other dominates, and
 * of the front that does not fit whole, greedily the points that add most hypervolume (Guerreiro et
 * al., 2016).
 */
final class HypervolumeSelection {
  private static final double TINY = 1e-12;

  private HypervolumeSelection() {}

  /**
   * Indices of the best {@code count}, in no order.
   *
   * @param losses by point, smaller is better, none NaN
   */
  static List<Integer> best(double[][] losses, int count) {
    List<Integer> remaining = new ArrayList<>();
    for (int i = 0; i < losses.length; i++) {
      remaining.add(i);
    }
    // In this order nothing dominates what comes before it.
    remaining.sort(
        Comparator.comparing((Integer i) -> losses[i], Arrays::compare)
            .thenComparing(Comparator.naturalOrder()));
    List<Integer> best = new ArrayList<>();
    while (best.size() < count) {
      List<Integer> front = new ArrayList<>();
      List<Integer> behind = new ArrayList<>();
      for (int i : remaining) {
        boolean dominated =
            front.stream().anyMatch(member -> Domination.dominates(losses[member], losses[i]));
        (dominated ? behind : front).add(i);
      }
      if (best.size() + front.size() <= count) {
        best.addAll(front);
      } else {
        best.addAll(subset(losses, front, count - best.size()));
      }
      remaining = behind;
    }
    return best;
  }

  /** A part of a front, which is in lexicographic order. */
  private static List<Integer> subset(double[][] losses, List<Integer> front, int count) {
    List<Integer> unique = new ArrayList<>();
    List<Integer> repeated = new ArrayList<>();
    for (int i : front) {
      boolean again =
          !unique.isEmpty() && Arrays.equals(losses[unique.get(unique.size() - 1)], losses[i]);
      (again ? repeated : unique).add(i);
    }
    if (unique.size() <= count) {
      Collections.sort(repeated);
      unique.addAll(repeated.subList(0, count - unique.size()));
      return unique;
    }
    double[] reference = reference(losses, unique);
    for (double coordinate : reference) {
      if (Double.isInfinite(coordinate)) {
        return unique.subList(0, count);
      }
    }
    return greedy(losses, unique, reference, count);
  }

  private static double[] reference(double[][] losses, List<Integer> points) {
    double[] reference = new double[losses[0].length];
    Arrays.fill(reference, Double.NEGATIVE_INFINITY);
    for (int i : points) {
      for (int j = 0; j < reference.length; j++) {
        reference[j] = Math.max(reference[j], losses[i][j]);
      }
    }
    for (int j = 0; j < reference.length; j++) {
      double beyond = Math.max(1.1 * reference[j], 0.9 * reference[j]);
      reference[j] = beyond == 0 ? TINY : beyond;
    }
    return reference;
  }

  private static List<Integer> greedy(
      double[][] losses, List<Integer> points, double[] reference, int count) {
    double[] gains = new double[points.size()];
    for (int i = 0; i < gains.length; i++) {
      gains[i] = box(losses[points.get(i)], reference);
    }
    List<double[]> chosen = new ArrayList<>();
    List<Integer> best = new ArrayList<>();
    boolean[] taken = new boolean[gains.length];
    while (best.size() < count) {
      // A gain only shrinks as points are chosen, so one below the most found need not be renewed.
      int most = -1;
      double mostGain = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < gains.length; i++) {
        if (!taken[i] && gains[i] > mostGain) {
          gains[i] = gain(losses[points.get(i)], chosen, reference);
          if (gains[i] > mostGain) {
            most = i;
            mostGain = gains[i];
          }
        }
      }
      taken[most] = true;
      best.add(points.get(most));
      chosen.add(losses[points.get(most)]);
    }
    return best;
  }

  /** The hypervolume that a point adds to what others dominate already. */
  private static double gain(double[] point, List<double[]> others, double[] reference) {
    List<double[]> shared = new ArrayList<>();
    for (double[] other : others) {
      double[] both = other.clone();
      for (int i = 0; i < both.length; i++) {
        both[i] = Math.max(both[i], point[i]);
      }
      shared.add(both);
    }
    return box(point, reference) - hypervolume(shared, reference);
  }

  /** The volume that points dominate below a reference point (While et al., 2012). */
  static double hypervolume(List<double[]> points, double[] reference) {
    List<double[]> front = new ArrayList<>();
    List<double[]> sorted = new ArrayList<>(points);
    sorted.sort(Arrays::compare);
    for (double[] point : sorted) {
      if (front.stream()
          .noneMatch(m -> Arrays.equals(m, point) || Domination.dominates(m, point))) {
        front.add(point);
      }
    }
    if (reference.length == 2) {
      double volume = 0;
      double ceiling = reference[1];
      for (double[] point : front) {
        volume += (reference[0] - point[0]) * (ceiling - point[1]);
        ceiling = point[1];
      }
      return volume;
    }
    double volume = 0;
    for (int i = 0; i < front.size(); i++) {
      volume += gain(front.get(i), front.subList(i + 1, front.size()), reference);
    }
    return volume;
  }

  private static double box(double[] point, double[] reference) {
    double volume = 1;
    for (int i = 0; i < point.length; i++) {
      volume *= reference[i] - point[i];
    }
    return volume;
  }
}
