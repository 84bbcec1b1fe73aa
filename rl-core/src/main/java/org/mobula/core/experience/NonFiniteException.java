package org.mobula.core.experience;

/** A number that is NaN or infinite where training needs a real one. */
public final class NonFiniteException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  private static final String DIVERGENCE_REMEDY =
      "learning has diverged: try a smaller learning-rate or max-gradient-norm, or normalise"
          + " observations and rewards";

  private final boolean divergence;

  /** Tells what the number is, where it was met and what to try. */
  public NonFiniteException(String place, double value, String remedy) {
    this(place, value, remedy, false);
  }

  private NonFiniteException(String place, double value, String remedy, boolean divergence) {
    super(place + " is " + value + "; " + remedy);
    this.divergence = divergence;
  }

  /** Whether the number is the policy's own: a parameter or an output of its network. */
  public boolean isDivergence() {
    return divergence;
  }

  /**
   * As {@link #check}, of the policy's own numbers: such as these are because learning has
   * diverged.
   */
  public static void checkDivergence(float[] values, int from, int to, String place) {
    int bad = firstBad(values, from, to);
    if (bad < to) {
      throw new NonFiniteException(place + " " + bad, values[bad], DIVERGENCE_REMEDY, true);
    }
  }

  /** Of a number of the policy's own, with a remedy other than that of {@link #checkDivergence}. */
  public static NonFiniteException divergence(String place, double value, String remedy) {
    return new NonFiniteException(place, value, remedy, true);
  }

  /**
   * Checks the numbers {@code [from, to)} of an array.
   *
   * @param place what the numbers are, as the subject of the message
   * @throws NonFiniteException naming the first bad one
   */
  public static void check(float[] values, int from, int to, String place, String remedy) {
    int bad = firstBad(values, from, to);
    if (bad < to) {
      throw new NonFiniteException(place + " " + bad, values[bad], remedy);
    }
  }

  /** The index of the first that is NaN or infinite; {@code to} if there is none. */
  public static int firstBad(float[] values, int from, int to) {
    float sum = 0;
    for (int i = from; i < to; i++) {
      sum += values[i] * 0;
    }
    int bad = sum == 0 ? to : from;
    while (bad < to && Float.isFinite(values[bad])) {
      bad++;
    }
    return bad;
  }
}
