package org.mobula.tune.space;

import java.math.BigDecimal;

/**
 * A floating-point number from {@code low} to {@code high}, both included.
 *
 * @param log searched evenly in the logarithm; {@code low} must be &gt; 0
 * @param step the distance of neighbours, counted from {@code low}; 0 for none. Not with {@code
 *     log}. A {@code high} between two steps is taken down to the lower one
 */
public record FloatParameter(String name, double low, double high, boolean log, double step)
    implements Parameter {
  private static final double TOLERANCE = 1e-8;

  public FloatParameter {
    Names.check(name);
    if (!Double.isFinite(low) || !Double.isFinite(high) || low > high) {
      throw new IllegalArgumentException(
          "the range of %s is %s to %s but must be finite and not upside down"
              .formatted(name, low, high));
    }
    if (log && low <= 0) {
      throw new IllegalArgumentException(
          "the range of %s is logarithmic from %s but a logarithm needs a low > 0: raise low, or search linearly"
              .formatted(name, low));
    }
    if (!(step >= 0 && step < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "the step of %s is %s but must be > 0, or 0 for none".formatted(name, step));
    }
    if (log && step > 0) {
      throw new IllegalArgumentException(
          "%s has a step of %s on a logarithmic range: take one of the two".formatted(name, step));
    }
    if (step > 0) {
      // In decimals, as Optuna: in binary 0 + 3 * 0.1 is no longer the 0.3 that was written.
      BigDecimal from = BigDecimal.valueOf(low);
      BigDecimal by = BigDecimal.valueOf(step);
      BigDecimal steps = BigDecimal.valueOf(high).subtract(from).divideToIntegralValue(by);
      high = steps.multiply(by).add(from).doubleValue();
    }
  }

  /** Searched evenly. */
  public static FloatParameter uniform(String name, double low, double high) {
    return new FloatParameter(name, low, high, false, 0);
  }

  /** Searched evenly in the logarithm. */
  public static FloatParameter log(String name, double low, double high) {
    return new FloatParameter(name, low, high, true, 0);
  }

  /** The numbers {@code low}, {@code low + step}, … up to {@code high}. */
  public static FloatParameter stepped(String name, double low, double high, double step) {
    return new FloatParameter(name, low, high, false, step);
  }

  @Override
  public Object value(double internal) {
    return internal;
  }

  @Override
  public double internal(Object value) {
    if (value instanceof Number number && contains(number.doubleValue())) {
      return number.doubleValue();
    }
    throw Names.notOf(this, value, "a number from %s to %s".formatted(low, high));
  }

  @Override
  public boolean contains(double internal) {
    if (!(internal >= low && internal <= high)) {
      return false;
    }
    double steps = (internal - low) / step;
    return step == 0 || Math.abs(steps - Math.rint(steps)) < TOLERANCE;
  }

  @Override
  public double quantile(double share) {
    if (step > 0) {
      return at((long) (share * cardinality()));
    }
    double value =
        log
            ? Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * share)
            : low + (high - low) * share;
    return Math.max(low, Math.min(high, value));
  }

  @Override
  public double at(long index) {
    return Math.min(high, low + step * index);
  }

  @Override
  public long cardinality() {
    if (low == high) {
      return 1;
    }
    return step == 0 ? Long.MAX_VALUE : Math.round((high - low) / step) + 1;
  }
}
