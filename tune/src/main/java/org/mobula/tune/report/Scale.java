package org.mobula.tune.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;

/**
 * An axis: a range and its ticks.
 *
 * @param low of the range, beyond the lowest value by a little
 * @param high of the range
 * @param ticks within the range
 */
record Scale(double low, double high, boolean log, List<Tick> ticks) {
  private static final double MARGIN = 0.04;

  record Tick(double value, String label) {}

  /**
   * A scale of numbers.
   *
   * @param least the distance of ticks: 1 for integers, else 0
   * @param wanted about how many ticks
   */
  static Scale of(double low, double high, boolean log, double least, int wanted) {
    boolean logarithmic = log && low > 0;
    double from = logarithmic ? Math.log10(low) : low;
    double to = logarithmic ? Math.log10(high) : high;
    // A single value, and a range lost in rounding, still need room.
    if (to - from < Math.max(1e-9, 1e-6 * Math.max(Math.abs(from), Math.abs(to)))) {
      double middle = (from + to) / 2;
      double room = middle == 0 || logarithmic ? 1 : Math.abs(middle) / 10;
      from = middle - room;
      to = middle + room;
    }
    double margin = MARGIN * (to - from);
    if (!logarithmic) {
      return new Scale(from - margin, to + margin, false, linearTicks(from, to, least, wanted));
    }
    List<Tick> ticks = logarithmicTicks(from, to, wanted);
    if (ticks.size() < 2) {
      ticks = linearTicks(Math.pow(10, from), Math.pow(10, to), least, wanted);
    }
    return new Scale(Math.pow(10, from - margin), Math.pow(10, to + margin), true, ticks);
  }

  /** A scale that begins at 0, without room below it. */
  static Scale fromZero(double high, int wanted) {
    double to = high > 0 ? high : 1;
    return new Scale(0, to * (1 + MARGIN), false, linearTicks(0, to, 0, wanted));
  }

  /** A scale of a parameter's whole range. */
  static Scale of(Parameter parameter, int wanted) {
    ParameterScale range = ParameterScale.of(parameter);
    if (!(parameter instanceof CategoricalParameter categorical)) {
      double least = parameter instanceof IntParameter ? 1 : 0;
      return of(range.low(), range.high(), range.log(), least, wanted);
    }
    List<Tick> ticks = new ArrayList<>();
    int choices = categorical.choices().size();
    int stride = (choices + 11) / 12;
    for (int i = 0; i < choices; i += stride) {
      ticks.add(new Tick(i, String.valueOf(categorical.choices().get(i))));
    }
    return new Scale(-0.5, choices - 0.5, false, ticks);
  }

  /** Where a value lies: 0 at the low end, 1 at the high one; values beyond lie at the ends. */
  double share(double value) {
    double share =
        log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return Math.max(0, Math.min(1, share));
  }

  /** The value at such a place. */
  double value(double share) {
    return log ? low * Math.pow(high / low, share) : low + share * (high - low);
  }

  /** A number in few characters: 4 digits. */
  static String words(double value) {
    if (!Double.isFinite(value)) {
      return Double.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
    }
    return plain(new BigDecimal(value).round(new MathContext(4)));
  }

  private static List<Tick> linearTicks(double low, double high, double least, int wanted) {
    double power = Math.pow(10, Math.floor(Math.log10((high - low) / wanted)));
    double step = 10 * power;
    for (int factor : new int[] {5, 2, 1}) {
      step = (high - low) / (factor * power) <= wanted + 1e-9 ? factor * power : step;
    }
    step = Math.max(step, least);
    int decimals = (int) -Math.floor(Math.log10(step) + 1e-9);
    List<Tick> ticks = new ArrayList<>();
    long last = (long) Math.floor(high / step + 1e-9);
    for (long i = (long) Math.ceil(low / step - 1e-9); i <= last; i++) {
      BigDecimal number = new BigDecimal(i * step).setScale(decimals, RoundingMode.HALF_EVEN);
      ticks.add(new Tick(i * step, plain(number)));
    }
    return ticks;
  }

  /** Powers of ten, every so many; with their doubles and halves where there are few. */
  private static List<Tick> logarithmicTicks(double from, double to, int wanted) {
    int[] factors = to - from < 2 ? new int[] {1, 2, 5} : new int[] {1};
    int stride = (int) Math.max(1, Math.ceil((to - from) / wanted));
    List<Tick> ticks = new ArrayList<>();
    for (int power = (int) Math.floor(from); power <= to + 1e-9; power++) {
      if (Math.floorMod(power, stride) == 0) {
        for (int factor : factors) {
          double exponent = power + Math.log10(factor);
          if (exponent >= from - 1e-9 && exponent <= to + 1e-9) {
            ticks.add(
                new Tick(
                    Math.pow(10, exponent),
                    plain(BigDecimal.valueOf(factor).scaleByPowerOfTen(power))));
          }
        }
      }
    }
    return ticks;
  }

  /** 250000 as 250k, 0.00001 as 1e-5. */
  private static String plain(BigDecimal number) {
    if (number.signum() == 0) {
      return "0";
    }
    BigDecimal digits = number.stripTrailingZeros();
    int exponent = digits.precision() - digits.scale() - 1;
    String text;
    if (exponent >= 9 || exponent < -3) {
      text = digits.movePointLeft(exponent).stripTrailingZeros().toPlainString() + "e" + exponent;
    } else if (exponent >= 6) {
      text = digits.movePointLeft(6).stripTrailingZeros().toPlainString() + "M";
    } else if (exponent >= 4) {
      text = digits.movePointLeft(3).stripTrailingZeros().toPlainString() + "k";
    } else {
      text = digits.toPlainString();
    }
    return text.replace('-', '−').replace("e−", "e-");
  }
}
