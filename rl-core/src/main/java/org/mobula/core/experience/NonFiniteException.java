package org.mobula.core.experience;

/** A number that is NaN or infinite where training needs a real one. */
public final class NonFiniteException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  /** Tells what the number is, where it was met and what to try. */
  public NonFiniteException(String place, double value, String remedy) {
    super(place + " is " + value + "; " + remedy);
  }

  /**
   * Checks the numbers {@code [from, to)} of an array.
   *
   * @param place what the numbers are, as the subject of the message
   * @throws NonFiniteException naming the first bad one
   */
  public static void check(float[] values, int from, int to, String place, String remedy) {
    float sum = 0;
    for (int i = from; i < to; i++) {
      sum += values[i] * 0;
    }
    if (sum == 0) {
      return;
    }
    for (int i = from; i < to; i++) {
      if (!Float.isFinite(values[i])) {
        throw new NonFiniteException(place + " " + i, values[i], remedy);
      }
    }
  }
}
