package org.mobula.core.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Stands in for required settings, to learn the defaults of the others where nobody sets them. */
final class Placeholders {
  private final Alternatives alternatives;

  Placeholders(Alternatives alternatives) {
    this.alternatives = alternatives;
  }

  /** A record with its defaults; null where it has none or takes no placeholder. */
  @Nullable Record defaults(Class<?> type) {
    RecordShape shape = RecordShape.of(type);
    List<@Nullable Object> required = new ArrayList<>();
    for (RecordComponent component : shape.required()) {
      Object placeholder = RecordShape.isNullable(component) ? null : of(component);
      required.add(placeholder);
    }
    Record defaults = attempt(shape, required);
    // Of several that may be absent, one may have to be there.
    for (int i = 0; i < required.size() && defaults == null; i++) {
      if (required.get(i) == null) {
        List<@Nullable Object> oneMore = new ArrayList<>(required);
        oneMore.set(i, of(shape.required().get(i)));
        defaults = attempt(shape, oneMore);
      }
    }
    return defaults;
  }

  private static @Nullable Record attempt(RecordShape shape, List<@Nullable Object> required) {
    try {
      return shape.defaults(required).orElse(null);
    } catch (InvocationTargetException e) {
      return null;
    }
  }

  private @Nullable Object of(RecordComponent component) {
    Class<?> type = component.getType();
    double number = number(component.getAnnotation(Range.class));
    if (type == int.class || type == Integer.class) {
      return (int) Math.round(number);
    } else if (type == long.class || type == Long.class) {
      return Math.round(number);
    } else if (type == float.class || type == Float.class) {
      return Float.valueOf((float) number);
    } else if (type == double.class || type == Double.class) {
      return number;
    } else if (type == boolean.class || type == Boolean.class) {
      return false;
    } else if (type == String.class) {
      return "placeholder";
    } else if (type == Path.class) {
      return Path.of("placeholder");
    } else if (type == Duration.class) {
      return Duration.ofMillis(Math.round(number * 1000));
    } else if (type == List.class) {
      return List.of();
    } else if (type == Map.class) {
      return Map.of();
    } else if (type.isEnum()) {
      return type.getEnumConstants()[0];
    } else if (type.isInterface()) {
      return defaults(alternatives.records(type).values().iterator().next());
    }
    return defaults(type);
  }

  private static double number(@Nullable Range range) {
    if (range == null) {
      return 1;
    }
    double least = Math.max(range.min(), range.exclusiveMin());
    double greatest = Math.min(range.max(), range.exclusiveMax());
    if (least <= 1 && greatest >= 1) {
      return greatest == range.exclusiveMax() && greatest == 1 ? (Math.max(least, 0) + 1) / 2 : 1;
    } else if (Double.isFinite(least) && Double.isFinite(greatest)) {
      return (least + greatest) / 2;
    }
    return Double.isFinite(least) ? least + 1 : greatest - 1;
  }
}
