package org.mobula.tune.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;

/**
 * A tree of a random forest over the unit cube, as the boxes of its leaves: on a bootstrap sample,
 * split by squared error until a leaf's targets are equal, or to depth 64. Numbers are split in two
 * ranges, choices in one and the others.
 */
final class RegressionTree {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_SAMPLES = 2000; // more take long and say no more

  private final double[][] features;
  private final int[] choices;
  private final double[] targets;
  private final Pcg64 random;
  private final List<Leaf> leaves = new ArrayList<>();
  private final boolean[] isLeft;

  /** A box, its prediction, and that times the box's volume. */
  private record Leaf(double value, double weighted, List<Side> sides) {}

  /** One side of a box: bounds of a number, or a set of choices. */
  private record Side(double low, double high, @Nullable BitSet chosen, int choices) {
    double size() {
      return chosen == null ? high - low : (double) chosen.cardinality() / choices;
    }

    Side part(Split split, boolean left) {
      if (chosen == null) {
        return left
            ? new Side(low, split.threshold, null, 0)
            : new Side(split.threshold, high, null, 0);
      }
      BitSet one = new BitSet();
      one.set((int) split.threshold);
      BitSet part = (BitSet) chosen.clone();
      if (left) {
        part.and(one);
      } else {
        part.andNot(one);
      }
      return new Side(0, 1, part, choices);
    }
  }

  /** Left is up to a threshold, or the choice that it names. */
  private record Split(int feature, double threshold, double gain) {}

  /**
   * Grows the tree.
   *
   * @param features by feature and sample: numbers in [0, 1], choices by index
   * @param sorted the samples by feature, in the order of its numbers; each of its nodes gets its
   *     part of them, so that nothing is sorted again
   * @param choices of each feature, 0 of a number
   */
  RegressionTree(
      double[][] features, int[][] sorted, int[] choices, double[] targets, Pcg64 random) {
    this.features = features;
    this.choices = choices;
    this.targets = targets;
    this.random = random;
    int[] times = new int[targets.length];
    int draws = Math.min(times.length, MAX_SAMPLES);
    for (int i = 0; i < draws; i++) {
      times[random.nextInt(times.length)]++;
    }
    int[][] drawn = new int[sorted.length][draws];
    Side[] sides = new Side[features.length];
    for (int f = 0; f < sides.length; f++) {
      int next = 0;
      for (int sample : sorted[f]) {
        Arrays.fill(drawn[f], next, next + times[sample], sample);
        next += times[sample];
      }
      BitSet all = null;
      if (choices[f] > 0) {
        all = new BitSet();
        all.set(0, choices[f]);
      }
      sides[f] = new Side(0, 1, all, choices[f]);
    }
    isLeft = new boolean[targets.length];
    grow(drawn, sides, 0);
  }

  /** The part of the variance over the cube that each feature explains alone; null if none is. */
  double @Nullable [] varianceShares() {
    double mean = 0;
    double squares = 0;
    for (Leaf leaf : leaves) {
      mean += leaf.weighted;
      squares += leaf.weighted * leaf.value;
    }
    double variance = squares - mean * mean;
    if (!(variance > 1e-12 * squares)) {
      return null;
    }
    double[] shares = new double[features.length];
    for (int f = 0; f < shares.length; f++) {
      double[] marginal = choices[f] > 0 ? ofChoices(f) : null;
      shares[f] = (marginal == null ? ofNumbers(f, mean) : spread(marginal, mean)) / variance;
    }
    return shares;
  }

  private static double spread(double[] marginal, double mean) {
    double variance = 0;
    for (double value : marginal) {
      variance += (value - mean) * (value - mean) / marginal.length;
    }
    return variance;
  }

  /** The mean prediction at each choice. */
  private double[] ofChoices(int feature) {
    double[] marginal = new double[choices[feature]];
    for (Leaf leaf : leaves) {
      Side side = leaf.sides.get(feature);
      for (int c = 0; side.chosen != null && c < marginal.length; c++) {
        marginal[c] += side.chosen.get(c) ? leaf.weighted / side.size() : 0;
      }
    }
    return marginal;
  }

  /**
   * The variance of the mean prediction, which is constant from one bound of a leaf to the next.
   */
  private double ofNumbers(int feature, double mean) {
    double[] bounds =
        leaves.stream()
            .map(leaf -> leaf.sides.get(feature))
            .flatMapToDouble(side -> DoubleStream.of(side.low, side.high))
            .sorted()
            .distinct()
            .toArray();
    double[] changes = new double[bounds.length];
    for (Leaf leaf : leaves) {
      Side side = leaf.sides.get(feature);
      double value = leaf.weighted / side.size();
      changes[Arrays.binarySearch(bounds, side.low)] += value;
      changes[Arrays.binarySearch(bounds, side.high)] -= value;
    }
    double variance = 0;
    double value = 0;
    for (int i = 0; i + 1 < bounds.length; i++) {
      value += changes[i];
      variance += (value - mean) * (value - mean) * (bounds[i + 1] - bounds[i]);
    }
    return variance;
  }

  private void grow(int[][] sorted, Side[] sides, int depth) {
    int[] samples = sorted[0];
    Split split = depth < MAX_DEPTH ? split(sorted) : null;
    if (split == null) {
      double mean = Arrays.stream(samples).mapToDouble(i -> targets[i]).average().orElse(0);
      double volume = 1;
      for (Side side : sides) {
        volume *= side.size();
      }
      leaves.add(new Leaf(mean, mean * volume, List.of(sides)));
      return;
    }
    int count = 0;
    for (int i : samples) {
      double value = features[split.feature][i];
      isLeft[i] = choices[split.feature] > 0 ? value == split.threshold : value <= split.threshold;
      count += isLeft[i] ? 1 : 0;
    }
    int[][] left = new int[sorted.length][count];
    int[][] right = new int[sorted.length][samples.length - count];
    for (int f = 0; f < sorted.length; f++) {
      int nextLeft = 0;
      int nextRight = 0;
      for (int i : sorted[f]) {
        if (isLeft[i]) {
          left[f][nextLeft++] = i;
        } else {
          right[f][nextRight++] = i;
        }
      }
    }
    grow(left, part(sides, split, true), depth + 1);
    grow(right, part(sides, split, false), depth + 1);
  }

  private static Side[] part(Side[] sides, Split split, boolean left) {
    Side[] part = sides.clone();
    part[split.feature] = sides[split.feature].part(split, left);
    return part;
  }

  /** The split with the least squared error; null if the targets are equal or none parts them. */
  private @Nullable Split split(int[][] sorted) {
    int[] samples = sorted[0];
    double sum = 0;
    boolean equal = true;
    for (int i : samples) {
      sum += targets[i];
      equal &= targets[i] == targets[samples[0]];
    }
    if (equal) {
      return null;
    }
    int[] order = new int[features.length];
    random.permutation(order); // so that of equal splits none is preferred
    Split best = null;
    for (int feature : order) {
      Split split =
          choices[feature] > 0
              ? splitOfChoices(feature, samples, sum)
              : splitOfNumbers(feature, sorted[feature], sum);
      if (split != null && (best == null || split.gain > best.gain)) {
        best = split;
      }
    }
    return best;
  }

  private @Nullable Split splitOfNumbers(int feature, int[] sorted, double sum) {
    double[] values = features[feature];
    double left = 0;
    double most = Double.NEGATIVE_INFINITY;
    double threshold = 0;
    for (int i = 0; i + 1 < sorted.length; i++) {
      left += targets[sorted[i]];
      double here = values[sorted[i]];
      double next = values[sorted[i + 1]];
      double middle = (here + next) / 2;
      if (middle < next) {
        double gain = gain(left, i + 1, sum, sorted.length);
        if (gain > most) {
          most = gain;
          threshold = middle;
        }
      }
    }
    return most == Double.NEGATIVE_INFINITY ? null : new Split(feature, threshold, most);
  }

  private @Nullable Split splitOfChoices(int feature, int[] samples, double sum) {
    double[] sums = new double[choices[feature]];
    int[] counts = new int[choices[feature]];
    for (int i : samples) {
      sums[(int) features[feature][i]] += targets[i];
      counts[(int) features[feature][i]]++;
    }
    Split best = null;
    for (int c = 0; c < sums.length; c++) {
      if (counts[c] > 0 && counts[c] < samples.length) {
        double gain = gain(sums[c], counts[c], sum, samples.length);
        if (best == null || gain > best.gain) {
          best = new Split(feature, c, gain);
        }
      }
    }
    return best;
  }

  /** What a split takes off the squared error, but for a constant. */
  private static double gain(double left, int ofLeft, double sum, int of) {
    double right = sum - left;
    return left * left / ofLeft + right * right / (of - ofLeft);
  }
}
