package org.mobula.tune.space;

/**
 * An integer from {@code low} to {@code high}, both included.
 *
 * @param log searched evenly in the logarithm; {@code low} must be ≥ 1, {@code step} 1
 * @param step the distance of neighbours, counted from {@code low}, ≥ 1. A {@code high} between two
 *     steps is taken down to the lower one
 */
public record IntParameter(String name, long low, long high, boolean log, long step)
    implements Parameter {
  /**
   * The largest end of a range, and its negative the smallest: beyond it a double no longer holds
   * every integer.
   */
  public static final long MOST = 1L << 53;

  public IntParameter {
    Names.check(name);
    if (low > high || low < -MOST || high > MOST) {
      throw new IllegalArgumentException(
          "the range of %s is %s to %s but must not be upside down, nor beyond ±2^53"
              .formatted(name, low, high));
    }
    if (log && low < 1) {
      throw new IllegalArgumentException(
          "the range of %s is logarithmic from %s but a logarithm needs a low ≥ 1: raise low, or search linearly"
              .formatted(name, low));
    }
    if (step < 1 || (log && step != 1)) {
      throw new IllegalArgumentException(
          "the step of %s is %s but must be ≥ 1, and 1 on a logarithmic range"
              .formatted(name, step));
    }
    high = low + (high - low) / step * step;
  }

  /** Searched evenly. */
  public static IntParameter uniform(String name, long low, long high) {
    return new IntParameter(name, low, high, false, 1);
  }

  /** Searched evenly in the logarithm. */
  public static IntParameter log(String name, long low, long high) {
    return new IntParameter(name, low, high, true, 1);
  }

  /** The integers {@code low}, {@code low + step}, … up to {@code high}. */
  public static IntParameter stepped(String name, long low, long high, long step) {
    return new IntParameter(name, low, high, false, step);
  }

  @Override
  public Object value(double internal) {
    return (long) internal;
  }

  @Override
  public double internal(Object value) {
    if (value instanceof Number number && contains(number.doubleValue())) {
      return number.doubleValue();
    }
    throw Names.notOf(
        this, value, "an integer from %s to %s in steps of %s".formatted(low, high, step));
  }

  @Override
  public boolean contains(double internal) {
    return internal >= low
        && internal <= high
        && internal == Math.rint(internal)
        && ((long) internal - low) % step == 0;
  }

  @Override
  public double quantile(double share) {
    if (!log) {
      return at((long) (share * cardinality()));
    }
    double least = Math.log(low - 0.5);
    double value = Math.rint(Math.exp(least + (Math.log(high + 0.5) - least) * share));
    return Math.max((double) low, Math.min((double) high, value));
  }

  @Override
  public double at(long index) {
    return (double) Math.min(high, low + step * index);
  }

  @Override
  public long cardinality() {
    return (high - low) / step + 1;
  }
}
