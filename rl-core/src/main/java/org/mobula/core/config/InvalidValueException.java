package org.mobula.core.config;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Settings that break their rules, thrown by the record that would have held them. */
public final class InvalidValueException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // an unmodifiable list of records, which is serializable
  private final List<Violation> violations;

  /**
   * One broken rule.
   *
   * @param key of the setting in kebab-case, relative to the record: {@code clip-range}, {@code
   *     hidden[1]}
   * @param value as text, the way a file would say it
   * @param rule such as {@code must be > 0}
   */
  public record Violation(String key, String value, String rule) implements Serializable {
    @Override
    public String toString() {
      return key + " is " + value + " but " + rule;
    }
  }

  /** One broken rule; see {@link Violation}. */
  public InvalidValueException(String key, @Nullable Object value, String rule) {
    this(List.of(new Violation(key, Scalars.show(value), rule)));
  }

  InvalidValueException(List<Violation> violations) {
    super(violations.stream().map(Violation::toString).collect(Collectors.joining("\n")));
    this.violations = List.copyOf(violations);
  }

  /** What is wrong, in the order of the record's components. */
  public List<Violation> violations() {
    return violations;
  }
}
