package org.mobula.tune.space;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a study searches: parameters in an order in which each comes after those that its condition
 * asks for. Immutable.
 *
 * <pre>{@code
 * FloatParameter rate = FloatParameter.log("learning-rate", 1e-5, 1e-2);
 * SearchSpace space = SearchSpace.of(rate, IntParameter.uniform("layers", 1, 3));
 * }</pre>
 */
public final class SearchSpace implements Serializable {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // always a LinkedHashMap, wrapped
  private final Map<String, Parameter> parameters;

  @SuppressWarnings("serial")
  private final Map<String, Condition> conditions;

  @SuppressWarnings("serial")
  private final Map<String, Constraint> constraints;

  private SearchSpace(Builder builder) {
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(builder.parameters));
    conditions = Collections.unmodifiableMap(new LinkedHashMap<>(builder.conditions));
    constraints = Collections.unmodifiableMap(new LinkedHashMap<>(builder.constraints));
  }

  /** A space without conditions and constraints. */
  public static SearchSpace of(Parameter... parameters) {
    Builder builder = builder();
    for (Parameter parameter : parameters) {
      builder.add(parameter);
    }
    return builder.build();
  }

  /** Starts to put a space together. */
  public static Builder builder() {
    return new Builder();
  }

  /** All parameters, in their order. */
  public List<Parameter> parameters() {
    return List.copyOf(parameters.values());
  }

  /** The parameter of that name. */
  public Optional<Parameter> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }

  /** When a parameter is there; empty if always. */
  public Optional<Condition> condition(Parameter parameter) {
    return Optional.ofNullable(conditions.get(parameter.name()));
  }

  /** The constraints by what a person calls them. */
  public Map<String, Constraint> constraints() {
    return constraints;
  }

  /** Whether some parameters are there only sometimes. */
  public boolean isConditional() {
    return !conditions.isEmpty();
  }

  /**
   * Whether a parameter is there.
   *
   * @param chosen the numbers of the parameters before it that are there themselves
   */
  public boolean isActive(Parameter parameter, Map<String, Double> chosen) {
    Condition condition = conditions.get(parameter.name());
    if (condition == null) {
      return true;
    }
    Double number = chosen.get(condition.parameter());
    Parameter asked = parameters.get(condition.parameter());
    return number != null
        && asked != null
        && condition.values().stream().anyMatch(value -> asked.internal(value) == number);
  }

  /** What objectives see of these numbers. */
  public Map<String, Object> values(Map<String, Double> chosen) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Parameter parameter : parameters.values()) {
      Double number = chosen.get(parameter.name());
      if (number != null) {
        values.put(parameter.name(), parameter.value(number));
      }
    }
    return values;
  }

  /**
   * What objectives see where these values are asked for.
   *
   * @param asked by name, as a person writes them
   * @throws IllegalArgumentException if a name or a value is not in the space
   */
  public Map<String, Object> seen(Map<String, ?> asked) {
    Map<String, Object> seen = new LinkedHashMap<>();
    asked.forEach(
        (name, value) -> {
          Parameter known = parameters.get(name);
          if (known == null) {
            throw new IllegalArgumentException(
                "a trial with %s is asked for, which is not in the space".formatted(name));
          }
          seen.put(name, known.value(known.internal(value)));
        });
    return seen;
  }

  /** The name of a constraint that these numbers break; empty if they keep all. */
  public Optional<String> broken(Map<String, Double> chosen) {
    if (constraints.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> values = values(chosen);
    return constraints.entrySet().stream()
        .filter(constraint -> !constraint.getValue().holds(values))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SearchSpace that
        && parameters.equals(that.parameters)
        && conditions.equals(that.conditions)
        && constraints.keySet().equals(that.constraints.keySet());
  }

  @Override
  public int hashCode() {
    return parameters.hashCode();
  }

  @Override
  public String toString() {
    return "SearchSpace" + parameters.values();
  }

  /** Puts a space together; mistakes are found as they are made. */
  public static final class Builder {
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Map<String, Condition> conditions = new LinkedHashMap<>();
    private final Map<String, Constraint> constraints = new LinkedHashMap<>();

    private Builder() {}

    /** Adds a parameter that is always there. */
    public Builder add(Parameter parameter) {
      if (parameters.putIfAbsent(parameter.name(), parameter) != null) {
        throw new IllegalArgumentException(
            "the space has two parameters %s: rename one".formatted(parameter.name()));
      }
      return this;
    }

    /**
     * Adds a parameter that is there sometimes.
     *
     * @throws IllegalArgumentException if the condition asks for a parameter that was not added
     *     yet, or for a value that it cannot have
     */
    public Builder add(Parameter parameter, Condition condition) {
      Parameter asked = parameters.get(condition.parameter());
      if (asked == null) {
        throw new IllegalArgumentException(
            "%s depends on %s, which is not a parameter before it; those are %s"
                .formatted(
                    parameter.name(), condition.parameter(), new ArrayList<>(parameters.keySet())));
      }
      condition.values().forEach(asked::internal);
      add(parameter);
      conditions.put(parameter.name(), condition);
      return this;
    }

    /**
     * Adds a rule.
     *
     * @param name what a person calls it
     */
    public Builder constraint(String name, Constraint constraint) {
      constraints.put(name, constraint);
      return this;
    }

    /**
     * The space.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public SearchSpace build() {
      if (parameters.isEmpty()) {
        throw new IllegalArgumentException("the space is empty: add a parameter to search");
      }
      return new SearchSpace(this);
    }
  }
}
