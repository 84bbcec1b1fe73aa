package org.mobula.tune.space;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One of several choices without an order.
 *
 * @param choices texts, numbers ({@link Long}, {@link Double}) or booleans; none twice
 */
public record CategoricalParameter(String name, @SuppressWarnings("serial") List<Object> choices)
    implements Parameter {
  public CategoricalParameter {
    Names.check(name);
    List<Object> given = new ArrayList<>();
    for (Object choice : choices) {
      given.add(plain(name, choice));
    }
    if (given.isEmpty() || new HashSet<>(given).size() < given.size()) {
      throw new IllegalArgumentException(
          "the choices of %s are %s but must be at least one, and none twice"
              .formatted(name, given));
    }
    choices = Collections.unmodifiableList(given);
  }

  /** One of these. */
  public static CategoricalParameter of(String name, Object... choices) {
    return new CategoricalParameter(name, List.of(choices));
  }

  /** Always this value. */
  public static CategoricalParameter fixed(String name, Object value) {
    return of(name, value);
  }

  @Override
  public Object value(double internal) {
    return choices.get((int) internal);
  }

  @Override
  public double internal(Object value) {
    int index = choices.indexOf(plain(name, value));
    if (index < 0) {
      throw Names.notOf(this, value, "one of " + choices);
    }
    return index;
  }

  @Override
  public boolean contains(double internal) {
    return internal >= 0 && internal < choices.size() && internal == Math.rint(internal);
  }

  @Override
  public double quantile(double share) {
    return at((long) (share * choices.size()));
  }

  @Override
  public double at(long index) {
    return (double) Math.min(choices.size() - 1, index);
  }

  @Override
  public long cardinality() {
    return choices.size();
  }

  private static Object plain(String name, @Nullable Object choice) {
    if (choice instanceof Integer || choice instanceof Short || choice instanceof Byte) {
      return ((Number) choice).longValue();
    } else if (choice instanceof Float number) {
      return number.doubleValue();
    } else if (choice instanceof Enum<?> constant) {
      return constant.name();
    } else if (choice instanceof String
        || choice instanceof Long
        || choice instanceof Double
        || choice instanceof Boolean) {
      return choice;
    }
    throw new IllegalArgumentException(
        "a choice of %s is %s but must be a text, a number or a boolean".formatted(name, choice));
  }
}
