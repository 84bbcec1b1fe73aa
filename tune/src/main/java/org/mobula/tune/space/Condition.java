package org.mobula.tune.space;

import java.io.Serializable;
import java.util.List;

/**
 * A parameter is there only while another one has one of these values.
 *
 * @param parameter an earlier parameter of the space
 * @param values as objectives see them
 */
public record Condition(String parameter, @SuppressWarnings("serial") List<Object> values)
    implements Serializable {
  public Condition {
    values = List.copyOf(values);
    if (values.isEmpty()) {
      throw new IllegalArgumentException(
          "the condition on %s has no values: name at least one".formatted(parameter));
    }
  }

  /** While that parameter is one of these. */
  public static Condition when(String parameter, Object... values) {
    return new Condition(parameter, List.of(values));
  }
}
