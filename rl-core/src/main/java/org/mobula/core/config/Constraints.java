package org.mobula.core.config;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.InvalidValueException.Violation;

/**
 * The rules of a record's settings, called in its compact constructor, so that a file and a builder
 * are held to the same ones.
 *
 * <pre>{@code
 * record PpoConfig(@Range(exclusiveMin = 0) double clipRange, @Range(min = 1) int batchSize) {
 *   PpoConfig {
 *     Constraints.check(PpoConfig.class, clipRange, batchSize);
 *     Constraints.require(batchSize % 2 == 0, "batch-size", batchSize, "must be even");
 *   }
 * }
 * }</pre>
 */
public final class Constraints {
  private Constraints() {}

  /**
   * Holds values to the annotations of the components: none is null unless {@code @Nullable}, no
   * number is NaN or infinite unless {@link Range#infinite}, then {@link Range} and {@link
   * NotEmpty}.
   *
   * @param values all components in the order of declaration
   * @throws InvalidValueException with every broken rule
   */
  public static void check(Class<? extends Record> type, @Nullable Object... values) {
    RecordComponent[] components = type.getRecordComponents();
    if (components.length != values.length) {
      throw new IllegalArgumentException(
          type.getSimpleName()
              + " has "
              + components.length
              + " components but "
              + values.length
              + " values are checked; name all of them in order");
    }
    List<Violation> violations = new ArrayList<>();
    for (int i = 0; i < components.length; i++) {
      violations.addAll(violations(components[i], values[i]));
    }
    if (!violations.isEmpty()) {
      throw new InvalidValueException(violations);
    }
  }

  /**
   * Holds a value to a rule that no annotation can say.
   *
   * @param key in kebab-case, such as {@code batch-size}; dotted where it lies deeper
   * @param rule goes on after "but": {@code must divide steps × environments (2048)}
   */
  public static void require(boolean holds, String key, @Nullable Object value, String rule) {
    if (!holds) {
      throw new InvalidValueException(key, value, rule);
    }
  }

  static List<Violation> violations(RecordComponent component, @Nullable Object value) {
    List<Violation> found = new ArrayList<>();
    String key = Keys.of(component);
    if (value == null) {
      if (!RecordShape.isNullable(component)) {
        found.add(new Violation(key, "null", "must have a value"));
      }
      return found;
    }
    if (component.isAnnotationPresent(NotEmpty.class) && isEmpty(value)) {
      found.add(new Violation(key, Scalars.show(value), "must not be empty"));
    }
    Range range = component.getAnnotation(Range.class);
    if (value instanceof List<?> items) {
      for (int i = 0; i < items.size(); i++) {
        checkNumber(key + "[" + i + "]", items.get(i), range, found);
      }
    } else {
      checkNumber(key, value, range, found);
    }
    return found;
  }

  private static boolean isEmpty(Object value) {
    return (value instanceof String text && text.isBlank())
        || (value instanceof Collection<?> collection && collection.isEmpty())
        || (value instanceof Map<?, ?> map && map.isEmpty());
  }

  private static void checkNumber(
      String key, @Nullable Object value, @Nullable Range range, List<Violation> found) {
    if (value instanceof Course course) {
      if (range != null && !contains(range, course.least())) {
        found.add(violation(key, course, course.least(), "at its least", range));
      } else if (range != null && !contains(range, course.greatest())) {
        found.add(violation(key, course, course.greatest(), "at its greatest", range));
      }
      return;
    }
    double number;
    if (value instanceof Number given) {
      number = given.doubleValue();
    } else if (value instanceof Duration duration) {
      number = duration.getSeconds() + duration.getNano() * 1e-9;
    } else {
      return;
    }
    boolean infinite = range != null && range.infinite();
    if (Double.isNaN(number) || (Double.isInfinite(number) && !infinite)) {
      found.add(
          new Violation(
              key, Scalars.show(value), infinite ? "must be a number" : "must be a finite number"));
    } else if (range != null && !contains(range, number)) {
      found.add(new Violation(key, Scalars.show(value), rule(range, value instanceof Duration)));
    }
  }

  private static Violation violation(
      String key, Course course, double number, String where, Range range) {
    boolean level = course.least() == course.greatest();
    String shown = Scalars.plain(number) + (level ? "" : " " + where);
    return new Violation(key, shown, rule(range, false));
  }

  private static boolean contains(Range range, double number) {
    boolean above =
        number > range.exclusiveMin() || range.exclusiveMin() == Double.NEGATIVE_INFINITY;
    boolean below =
        number < range.exclusiveMax() || range.exclusiveMax() == Double.POSITIVE_INFINITY;
    return number >= range.min() && number <= range.max() && above && below;
  }

  private static String rule(Range range, boolean seconds) {
    List<String> bounds = new ArrayList<>();
    bound(bounds, "≥", range.min(), seconds);
    bound(bounds, ">", range.exclusiveMin(), seconds);
    bound(bounds, "≤", range.max(), seconds);
    bound(bounds, "<", range.exclusiveMax(), seconds);
    return "must be " + String.join(" and ", bounds);
  }

  private static void bound(List<String> bounds, String relation, double bound, boolean seconds) {
    if (Double.isFinite(bound)) {
      bounds.add(relation + " " + Scalars.plain(bound) + (seconds ? "s" : ""));
    }
  }
}
