package org.mobula.core.returns;

/** The executable part of the shape contract: every function calls it before its loop. */
final class Shapes {
  private Shapes() {}

  /** Steps times environments, both at least one. */
  static int cells(int steps, int environments) {
    if (steps < 1 || environments < 1) {
      throw new IllegalArgumentException(
          "a trace of "
              + steps
              + " steps in "
              + environments
              + " environments is empty; both must be >= 1");
    }
    return Math.multiplyExact(steps, environments);
  }

  static void require(String name, int length, int needed) {
    if (length < needed) {
      throw new IllegalArgumentException(
          name
              + " holds "
              + length
              + " numbers but needs "
              + needed
              + "; arrays are laid out [time][environment], and last values [environment]");
    }
  }

  static void requireFraction(String name, float value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is " + value + " but must be in [0, 1]");
    }
  }
}
