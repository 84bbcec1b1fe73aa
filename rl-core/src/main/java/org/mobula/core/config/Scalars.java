package org.mobula.core.config;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Single values: from a file's text to Java and back. */
final class Scalars {
  private static final Set<Class<?>> TYPES =
      Set.of(
          int.class,
          Integer.class,
          long.class,
          Long.class,
          double.class,
          Double.class,
          float.class,
          Float.class,
          boolean.class,
          Boolean.class,
          String.class,
          Duration.class,
          Path.class);
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d[\\d_]*(\\.[\\d_]*)?|\\.\\d[\\d_]*)([eE][-+]?\\d{1,4})?");
  private static final Pattern NOT_FINITE =
      Pattern.compile("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");
  private static final Pattern DURATION =
      Pattern.compile("(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m(?!s))?(?:(\\d+)s)?(?:(\\d+)ms)?");
  private static final long[] MILLISECONDS = {86_400_000, 3_600_000, 60_000, 1000, 1};
  private static final String[] UNITS = {"d", "h", "m", "s", "ms"};

  private Scalars() {}

  /** A text that is no value of the type; the message goes on after "but". */
  static final class MismatchException extends Exception {
    private static final long serialVersionUID = 1;

    MismatchException(String rule) {
      super(rule, null, false, false);
    }

    /** The rule, such as "must be a whole number". */
    String rule() {
      return String.valueOf(getMessage());
    }
  }

  static boolean supports(Class<?> type) {
    return TYPES.contains(type) || type.isEnum();
  }

  static Object parse(Class<?> type, Tree.Scalar scalar) throws MismatchException {
    String text = scalar.text();
    if (type == String.class) {
      return text;
    } else if (type == Path.class) {
      return path(text);
    } else if (type.isEnum()) {
      return constant(type, text);
    } else if (type == Duration.class) {
      return duration(text);
    } else if (type == boolean.class || type == Boolean.class) {
      return truth(scalar);
    } else if (type == int.class || type == Integer.class) {
      return (int) whole(scalar, Integer.MIN_VALUE, Integer.MAX_VALUE);
    } else if (type == long.class || type == Long.class) {
      return whole(scalar, Long.MIN_VALUE, Long.MAX_VALUE);
    }
    String digits = number(scalar);
    // Not an if-else expression: that would make the float a double.
    if (type == float.class || type == Float.class) {
      return Float.parseFloat(digits);
    }
    return Double.parseDouble(digits);
  }

  /** What a plain text means where no type is known: a truth value, a number or a text. */
  static Object parseFree(Tree.Scalar scalar) {
    String text = scalar.text();
    if (scalar.quoted()) {
      return text;
    } else if (isTruth(text)) {
      return text.equalsIgnoreCase("true");
    } else if (!NUMBER.matcher(text).matches() && !NOT_FINITE.matcher(text).matches()) {
      return text;
    }
    try {
      if (text.matches("[-+]?[\\d_]+")) {
        long whole = whole(scalar, Long.MIN_VALUE, Long.MAX_VALUE);
        if (whole == (int) whole) {
          return (int) whole;
        }
        return whole;
      }
      return Double.parseDouble(number(scalar));
    } catch (MismatchException e) {
      return Double.parseDouble(text.replace("_", ""));
    }
  }

  /** Whether a plain text would be read as something else than text. */
  static boolean isText(String plain) {
    return !isNull(plain)
        && !isTruth(plain)
        && !NUMBER.matcher(plain).matches()
        && !NOT_FINITE.matcher(plain).matches();
  }

  static boolean isNull(String plain) {
    return plain.isEmpty() || plain.equals("~") || plain.matches("null|Null|NULL");
  }

  private static boolean isTruth(String plain) {
    return plain.matches("true|True|TRUE|false|False|FALSE");
  }

  private static boolean truth(Tree.Scalar scalar) throws MismatchException {
    if (scalar.quoted() || !isTruth(scalar.text())) {
      throw new MismatchException("must be true or false" + withoutQuotes(scalar, true));
    }
    return scalar.text().equalsIgnoreCase("true");
  }

  private static long whole(Tree.Scalar scalar, long min, long max) throws MismatchException {
    String digits = scalar.text().replace("_", "");
    if (scalar.quoted() || !NUMBER.matcher(scalar.text()).matches()) {
      throw new MismatchException("must be a whole number" + withoutQuotes(scalar, false));
    }
    BigDecimal number = new BigDecimal(digits);
    if (number.stripTrailingZeros().scale() > 0) {
      throw new MismatchException("must be a whole number");
    }
    if (number.compareTo(BigDecimal.valueOf(min)) < 0) {
      throw new MismatchException("must be ≥ " + min);
    }
    if (number.compareTo(BigDecimal.valueOf(max)) > 0) {
      throw new MismatchException("must be ≤ " + max);
    }
    return number.longValueExact();
  }

  /** The text in Java's spelling of numbers. */
  private static String number(Tree.Scalar scalar) throws MismatchException {
    String text = scalar.text();
    if (!scalar.quoted() && NUMBER.matcher(text).matches()) {
      return text.replace("_", "");
    } else if (!scalar.quoted() && NOT_FINITE.matcher(text).matches()) {
      return text.equalsIgnoreCase(".nan")
          ? "NaN"
          : text.startsWith("-") ? "-Infinity" : "Infinity";
    }
    throw new MismatchException("must be a number" + withoutQuotes(scalar, false));
  }

  private static String withoutQuotes(Tree.Scalar scalar, boolean truth) {
    boolean onlyQuotesAreWrong =
        scalar.quoted()
            && (truth ? isTruth(scalar.text()) : NUMBER.matcher(scalar.text()).matches());
    return onlyQuotesAreWrong ? ", without quotes" : "";
  }

  private static Path path(String text) throws MismatchException {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new MismatchException("must be a path (" + e.getReason() + ")");
    }
  }

  private static Object constant(Class<?> type, String text) throws MismatchException {
    List<String> names = constants(type);
    int index = names.indexOf(text);
    if (index < 0) {
      Optional<String> nearest = NearestName.of(text, names);
      throw new MismatchException(
          "must be one of "
              + String.join(", ", names)
              + nearest.map(name -> "; did you mean " + name + "?").orElse(""));
    }
    return type.getEnumConstants()[index];
  }

  /** The names of an enum's constants in kebab-case, in their order. */
  static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(constant -> Keys.of((Enum<?>) constant))
        .collect(Collectors.toList());
  }

  private static Duration duration(String text) throws MismatchException {
    Matcher matcher = DURATION.matcher(text);
    try {
      if (!text.isEmpty() && matcher.matches()) {
        long milliseconds = 0;
        for (int unit = 0; unit < UNITS.length; unit++) {
          String count = matcher.group(unit + 1);
          if (count != null) {
            long part = Math.multiplyExact(Long.parseLong(count), MILLISECONDS[unit]);
            milliseconds = Math.addExact(milliseconds, part);
          }
        }
        return Duration.ofMillis(milliseconds);
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw new MismatchException("must be a shorter duration");
    }
    throw new MismatchException("must be a duration such as 90s, 10m, 1h30m or 500ms");
  }

  /** A duration in whole milliseconds, as {@link #parse} reads it. */
  static String text(Duration duration) {
    long rest = duration.toMillis();
    StringBuilder text = new StringBuilder();
    for (int unit = 0; unit < UNITS.length; unit++) {
      long count = rest / MILLISECONDS[unit];
      rest %= MILLISECONDS[unit];
      if (count > 0) {
        text.append(count).append(UNITS[unit]);
      }
    }
    return text.isEmpty() ? "0s" : text.toString();
  }

  /** A number without a needless fraction or exponent. */
  static String plain(double number) {
    if (Double.isNaN(number)) {
      return ".nan";
    } else if (Double.isInfinite(number)) {
      return number > 0 ? ".inf" : "-.inf";
    }
    BigDecimal decimal = new BigDecimal(Double.toString(number)).stripTrailingZeros();
    String plain = decimal.toPlainString();
    return plain.length() <= 12 ? plain : decimal.toString().replace("E+", "e").replace('E', 'e');
  }

  /** A value as an error shows it. */
  static String show(@Nullable Object value) {
    if (value instanceof String text) {
      return '"' + text + '"';
    } else if (value instanceof Float number) {
      return plain(Double.parseDouble(number.toString()));
    } else if (value instanceof Double number) {
      return plain(number);
    } else if (value instanceof Enum<?> constant) {
      return Keys.of(constant);
    } else if (value instanceof Duration duration) {
      return text(duration);
    } else if (value instanceof Record record) {
      return ConfigWriter.inline(record);
    }
    return String.valueOf(value);
  }
}
