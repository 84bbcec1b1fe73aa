package org.mobula.core.metrics;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/**
 * The scale of a picture's axis.
 *
 * @param from the lowest tick
 * @param to the highest tick
 * @param step between ticks: 1, 2 or 5 times a power of ten
 */
record Axis(double from, double to, double step) {
  /** A scale over a range with about as many ticks as asked for. */
  static Axis of(double low, double high, int ticks) {
    double largest = Math.max(Math.abs(low), Math.abs(high));
    if (high - low <= 1e-6 * largest + 1e-9) {
      // A single value, or several lost in rounding: a tenth of it around, in round numbers.
      double margin = largest > 1e-6 ? largest / 20 : 1;
      return of(low - margin, high + margin, ticks);
    }
    double spread = high - low;
    double power = Math.pow(10, Math.floor(Math.log10(spread / ticks)));
    double step = 10 * power;
    for (int factor : new int[] {5, 2, 1}) {
      if (spread / (factor * power) <= ticks + 1e-9) {
        step = factor * power;
      }
    }
    double from = Math.floor(low / step + 1e-9) * step;
    double to = Math.ceil(high / step - 1e-9) * step;
    return new Axis(from, to > from ? to : from + step, step);
  }

  /** Where a value lies, 0 at the lowest tick and 1 at the highest. */
  double share(double value) {
    return (value - from) / (to - from);
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    long count = Math.round((to - from) / step);
    for (long i = 0; i <= count; i++) {
      ticks.add(from + i * step);
    }
    return ticks;
  }

  /** A tick in words short enough for a picture: 50k, 2.5M, 0.02. */
  String label(double tick) {
    double largest = Math.max(Math.abs(from), Math.abs(to));
    if (largest >= 1e6) {
      return rounded(tick, 1e6) + (isZero(tick) ? "" : "M");
    } else if (largest >= 1e4) {
      return rounded(tick, 1e3) + (isZero(tick) ? "" : "k");
    }
    return rounded(tick, 1);
  }

  private boolean isZero(double tick) {
    return Math.abs(tick) < step / 2;
  }

  private String rounded(double tick, double unit) {
    int decimals = (int) Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
    BigDecimal number =
        BigDecimal.valueOf(isZero(tick) ? 0 : tick / unit).setScale(decimals, RoundingMode.HALF_UP);
    return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
  }
}
