package org.mobula.core.experience;

/**
 * Weights that can be changed and drawn from in logarithmic time. A node is the sum of its two
 * children, computed from them alone, so the same weights give the same bits whatever came before.
 */
final class SumTree {
  private final int leaves;
  // The root is 1, the children of i are 2i and 2i + 1; the leaves are the last half. Where their
  // number is no power of two, they lie at two depths, and the deeper ones come first in the sum.
  private final double[] sums;

  SumTree(int size) {
    leaves = size;
    sums = new double[2 * leaves];
  }

  /** Bytes of the tree of so many weights. */
  static long bytes(int size) {
    return 16L * size;
  }

  double total() {
    return sums[1];
  }

  double get(int index) {
    return sums[leaves + index];
  }

  void set(int index, double weight) {
    int node = leaves + index;
    sums[node] = weight;
    for (node /= 2; node > 0; node /= 2) {
      sums[node] = sums[2 * node] + sums[2 * node + 1];
    }
  }

  /** Sets a weight whose sums {@link #rebuild} computes later. */
  void setLater(int index, double weight) {
    sums[leaves + index] = weight;
  }

  void rebuild() {
    for (int node = leaves - 1; node > 0; node--) {
      sums[node] = sums[2 * node] + sums[2 * node + 1];
    }
  }

  /**
   * The index in whose share of the sum {@code mass} lies.
   *
   * @param mass from 0 to {@link #total}, which is greater than 0; at or beyond the end it counts
   *     as the last index with a weight
   */
  int find(double mass) {
    double left = mass;
    int node = 1;
    while (node < leaves) {
      node *= 2;
      // Rounding may lead past the last weight; a part of weight 0 is never entered.
      if (left >= sums[node] && sums[node + 1] > 0) {
        left -= sums[node];
        node++;
      }
    }
    return node - leaves;
  }
}
