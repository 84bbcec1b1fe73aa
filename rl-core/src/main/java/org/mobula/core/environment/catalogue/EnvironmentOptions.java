package org.mobula.core.environment.catalogue;

import java.io.Serializable;
import java.util.Map;

/**
 * A value for each option of an environment, given or by default.
 *
 * @param values by name, each a {@code Boolean}, {@code Double}, {@code Long} or {@code String}
 */
public record EnvironmentOptions(Map<String, Object> values) implements Serializable {
  /** Copies the values. */
  public EnvironmentOptions {
    values = Map.copyOf(values);
  }

  /** A number. */
  public double number(String name) {
    return value(name, Double.class);
  }

  /** A whole number. */
  public long integer(String name) {
    return value(name, Long.class);
  }

  /** Yes or no. */
  public boolean flag(String name) {
    return value(name, Boolean.class);
  }

  /** A text. */
  public String text(String name) {
    return value(name, String.class);
  }

  private <T> T value(String name, Class<T> type) {
    Object value = values.get(name);
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          "option " + name + " is " + value + ", no " + type.getSimpleName() + ", in " + values);
    }
    return type.cast(value);
  }
}
