package org.mobula.tune.storage;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;

/** A search space as JSON, kept with its study so that all who join it search the same. */
final class SpaceDescription {
  private SpaceDescription() {}

  /** Parameters by name, with their conditions, and the names of the constraints. */
  static Map<String, Object> of(SearchSpace space) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      Map<String, Object> described = describe(parameter);
      space
          .condition(parameter)
          .ifPresent(
              condition ->
                  described.put(
                      "condition",
                      Map.of(
                          "parameter", condition.parameter(),
                          "values", Json.plain(condition.values()))));
      parameters.put(parameter.name(), described);
    }
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("parameters", parameters);
    description.put("constraints", new ArrayList<>(space.constraints().keySet()));
    return description;
  }

  /** One parameter without its name. */
  static Map<String, Object> describe(Parameter parameter) {
    Map<String, Object> described = new LinkedHashMap<>();
    if (parameter instanceof FloatParameter number) {
      described.put("type", "float");
      described.put("low", number.low());
      described.put("high", number.high());
      described.put("log", number.log());
      described.put("step", number.step());
    } else if (parameter instanceof IntParameter number) {
      described.put("type", "int");
      described.put("low", number.low());
      described.put("high", number.high());
      described.put("log", number.log());
      described.put("step", number.step());
    } else if (parameter instanceof CategoricalParameter choice) {
      described.put("type", "categorical");
      described.put("choices", choice.choices());
    }
    return described;
  }

  /** The first thing in which two descriptions differ, for a person; empty if in nothing. */
  static Optional<String> difference(Object study, Map<String, Object> here) {
    Map<?, ?> there = map(study);
    Optional<String> parameters =
        difference("", map(there.get("parameters")), map(here.get("parameters")));
    if (parameters.isPresent()) {
      return parameters;
    }
    Object rules = there.get("constraints");
    return rules instanceof List<?> list
            && here.get("constraints") instanceof List<?> own
            && Set.copyOf(list).equals(Set.copyOf(own))
        ? Optional.empty()
        : Optional.of(
            "the constraints are %s in the study and %s here"
                .formatted(rules, here.get("constraints")));
  }

  private static Optional<String> difference(String of, Map<?, ?> study, Map<?, ?> here) {
    Set<Object> names = new LinkedHashSet<>(here.keySet());
    names.addAll(study.keySet());
    for (Object name : names) {
      Object there = study.get(name);
      Object own = here.get(name);
      if (there instanceof Map<?, ?> a && own instanceof Map<?, ?> b) {
        Optional<String> inside = difference(name + ": ", a, b);
        if (inside.isPresent()) {
          return inside;
        }
      } else if (!Objects.equals(there, own)) {
        return Optional.of(
            "%s%s is %s in the study and %s here"
                .formatted(
                    of, name, there == null ? "absent" : there, own == null ? "absent" : own));
      }
    }
    return Optional.empty();
  }

  private static Map<?, ?> map(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? map : Map.of();
  }
}
