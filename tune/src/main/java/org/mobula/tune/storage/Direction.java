package org.mobula.tune.storage;

/** Which values of an objective are the better ones. */
public enum Direction {
  MINIMIZE,
  MAXIMIZE;

  /** Whether {@code a} is better than {@code b}. NaN is worse than everything. */
  public boolean better(double a, double b) {
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(b) && !Double.isNaN(a);
    }
    return this == MINIMIZE ? a < b : a > b;
  }

  /** The value, or its negative where larger is better: smaller is better of what comes out. */
  public double toMinimize(double value) {
    return this == MINIMIZE ? value : -value;
  }
}
