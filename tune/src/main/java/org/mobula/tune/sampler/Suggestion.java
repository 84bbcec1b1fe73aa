package org.mobula.tune.sampler;

import java.util.Map;

/**
 * A sampler's answer.
 *
 * @param values the numbers of all parameters that are there, by name, in the order of the space
 * @param attributes to be kept with the trial, as system attributes: texts, numbers, booleans,
 *     lists and maps of them
 */
public record Suggestion(Map<String, Double> values, Map<String, Object> attributes) {
  /** Without attributes. */
  public static Suggestion of(Map<String, Double> values) {
    return new Suggestion(values, Map.of());
  }
}
