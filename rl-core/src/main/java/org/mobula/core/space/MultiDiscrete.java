package org.mobula.core.space;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.mobula.core.random.Pcg64;

/** Several independent choices; the encoding is one index a choice. */
public final class MultiDiscrete implements Space {
  private final int[] nvec;
  private final int choices;

  /**
   * Several independent choices.
   *
   * @param nvec how many values each has
   */
  public MultiDiscrete(int... nvec) {
    if (nvec.length == 0) {
      throw new IllegalArgumentException("MultiDiscrete needs at least one choice");
    }
    for (int i = 0; i < nvec.length; i++) {
      Discrete.requireChoices("MultiDiscrete nvec[" + i + "]", nvec[i]);
    }
    this.nvec = nvec.clone();
    this.choices = Math.toIntExact(Arrays.stream(nvec).asLongStream().sum());
  }

  /** How many values each choice has; a copy. */
  public int[] nvec() {
    return nvec.clone();
  }

  /** How many values one choice has. */
  public int n(int choice) {
    return nvec[choice];
  }

  @Override
  public int size() {
    return nvec.length;
  }

  @Override
  public int flatSize() {
    return choices;
  }

  @Override
  public int maskSize() {
    return choices;
  }

  @Override
  public boolean contains(float[] values, int offset) {
    for (int i = 0; i < nvec.length; i++) {
      if (!Discrete.isIndex(values[offset + i], nvec[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void sample(Pcg64 random, float[] values, int offset) {
    for (int i = 0; i < nvec.length; i++) {
      values[offset + i] = random.nextInt(nvec[i]);
    }
  }

  @Override
  public void flatten(float[] values, int offset, float[] features, int featureOffset) {
    int at = featureOffset;
    for (int i = 0; i < nvec.length; i++) {
      Discrete.oneHot(values[offset + i], nvec[i], features, at);
      at += nvec[i];
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MultiDiscrete that && Arrays.equals(nvec, that.nvec);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(nvec);
  }

  @Override
  public String toString() {
    return Arrays.stream(nvec)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "MultiDiscrete(", ")"));
  }
}
