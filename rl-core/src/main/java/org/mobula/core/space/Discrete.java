package org.mobula.core.space;

import org.mobula.core.random.Pcg64;

/**
 * One of {@code n} choices. Its encoding is the index, from 0 to {@code n - 1}; the integer that
 * the index stands for is {@code start + index}.
 *
 * @param n how many choices, at most 2²⁴, since a float counts no further
 * @param start the integer that index 0 stands for
 */
public record Discrete(int n, int start) implements Space {
  static final int MAX_CHOICES = 1 << 24;

  /** Checks the count. */
  public Discrete {
    requireChoices("Discrete n", n);
    if (start > Integer.MAX_VALUE - (n - 1)) {
      throw new IllegalArgumentException(
          "Discrete start is " + start + " but start + n - 1 must be <= " + Integer.MAX_VALUE);
    }
  }

  /** The integers from 0 to {@code n - 1}. */
  public Discrete(int n) {
    this(n, 0);
  }

  static void requireChoices(String what, int n) {
    if (n < 1 || n > MAX_CHOICES) {
      throw new IllegalArgumentException(
          what + " is " + n + " but must be >= 1 and <= 2^24, the last index a float can hold");
    }
  }

  static boolean isIndex(float value, int n) {
    return value >= 0 && value < n && value == (int) value;
  }

  @Override
  public int size() {
    return 1;
  }

  @Override
  public int flatSize() {
    return n;
  }

  @Override
  public int maskSize() {
    return n;
  }

  @Override
  public boolean contains(float[] values, int offset) {
    return isIndex(values[offset], n);
  }

  @Override
  public void sample(Pcg64 random, float[] values, int offset) {
    values[offset] = random.nextInt(n);
  }

  @Override
  public void flatten(float[] values, int offset, float[] features, int featureOffset) {
    oneHot(values[offset], n, features, featureOffset);
  }

  static void oneHot(float index, int n, float[] features, int offset) {
    if (!isIndex(index, n)) {
      throw new IllegalArgumentException(
          "%s is no choice of %s: an observation has a whole number from 0 to %s there"
              .formatted(index, n, n - 1));
    }
    for (int i = 0; i < n; i++) {
      features[offset + i] = i == index ? 1 : 0;
    }
  }

  @Override
  public String toString() {
    return start == 0 ? "Discrete(" + n + ")" : "Discrete(" + n + ", start=" + start + ")";
  }
}
