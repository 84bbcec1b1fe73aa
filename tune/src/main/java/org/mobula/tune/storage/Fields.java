package org.mobula.tune.storage;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object; one that is missing or of a wrong kind is an error that names it.
 */
record Fields(Map<?, ?> values) {
  boolean has(String name) {
    return values.get(name) != null;
  }

  String text(String name) {
    return value(name, String.class, "a text");
  }

  double number(String name) {
    return value(name, Number.class, "a number").doubleValue();
  }

  @Nullable Double optionalNumber(String name) {
    return has(name) ? number(name) : null;
  }

  long integer(String name) {
    return value(name, Long.class, "an integer");
  }

  int id(String name) {
    long id = integer(name);
    if (id < 0 || id > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s is %s but must be from 0 to %s".formatted(name, id, Integer.MAX_VALUE));
    }
    return (int) id;
  }

  boolean isTrue(String name) {
    return Boolean.TRUE.equals(values.get(name));
  }

  List<?> list(String name) {
    return value(name, List.class, "a list");
  }

  /** The numbers of a list; none if it is null or not there. */
  List<Double> numbers(String name) {
    return has(name)
        ? list(name).stream()
            .map(item -> new Fields(Map.of(name, item == null ? "null" : item)).number(name))
            .toList()
        : List.of();
  }

  Fields fields(String name) {
    return new Fields(value(name, Map.class, "an object"));
  }

  /** An object's entries; none if it is not there. Null says that there is no such attribute. */
  Map<String, Object> attributes(String name) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    if (has(name)) {
      fields(name)
          .values
          .forEach(
              (key, value) -> {
                if (value != null) {
                  attributes.put((String) key, value);
                }
              });
    }
    return attributes;
  }

  private <T> T value(String name, Class<T> type, String kind) {
    Object value = values.get(name);
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          "%s is %s but must be %s".formatted(name, value == null ? "missing" : value, kind));
    }
    return type.cast(value);
  }
}
