package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;

/**
 * Tries every combination of values that keeps the space's constraints, once: the last parameter
 * changes first, and one that is not there is not varied. A failed trial's combination is not tried
 * again.
 */
public final class GridSampler implements Sampler {
  private static final String PLACE = "mobula:grid";
  private static final int MOST_COMBINATIONS = 1_000_000;

  private final int points;
  private @Nullable SearchSpace space;
  private List<Map<String, Double>> combinations = List.of();

  /** For spaces in which every float has a step. */
  public GridSampler() {
    this(0);
  }

  /**
   * @param points how many values of a float without a step are tried, at equal distances with both
   *     ends, ≥ 2; 0 if there are no such floats
   */
  public GridSampler(int points) {
    if (points < 0 || points == 1) {
      throw new IllegalArgumentException(
          "the points of a grid are %s but must be ≥ 2, or 0 if every float has a step"
              .formatted(points));
    }
    this.points = points;
  }

  /**
   * @throws IllegalArgumentException if a float has no step and no number of points is set, or if
   *     there are more than a million combinations
   * @throws IllegalStateException if there is no combination left; ask {@link #exhausted} first
   */
  @Override
  public Suggestion suggest(SamplingRequest request) {
    int place = place(request);
    if (place >= combinations(request.space()).size()) {
      throw new IllegalStateException(exhausted(request).orElseThrow());
    }
    return new Suggestion(combinations.get(place), Map.of(PLACE, (long) place));
  }

  @Override
  public Optional<String> exhausted(SamplingRequest request) {
    int size = combinations(request.space()).size();
    return place(request) < size
        ? Optional.empty()
        : Optional.of("all %s combinations of the grid were tried".formatted(size));
  }

  private static int place(SamplingRequest request) {
    return Places.next(request.study(), PLACE) + request.attempt();
  }

  private List<Map<String, Double>> combinations(SearchSpace asked) {
    if (!asked.equals(space)) {
      List<Map<String, Double>> all = new ArrayList<>();
      extend(asked, 0, new LinkedHashMap<>(), all);
      combinations = all;
      space = asked;
    }
    return combinations;
  }

  private void extend(
      SearchSpace asked, int index, Map<String, Double> chosen, List<Map<String, Double>> all) {
    if (index == asked.parameters().size()) {
      if (asked.broken(chosen).isEmpty()) {
        if (all.size() == MOST_COMBINATIONS) {
          throw new IllegalArgumentException(
              "the grid has more than %s combinations: widen steps, or sample at random"
                  .formatted(MOST_COMBINATIONS));
        }
        all.add(new LinkedHashMap<>(chosen));
      }
      return;
    }
    Parameter parameter = asked.parameters().get(index);
    if (!asked.isActive(parameter, chosen)) {
      extend(asked, index + 1, chosen, all);
      return;
    }
    long count = count(parameter);
    for (long i = 0; i < count; i++) {
      chosen.put(parameter.name(), value(parameter, i, count));
      extend(asked, index + 1, chosen, all);
    }
    chosen.remove(parameter.name());
  }

  private long count(Parameter parameter) {
    if (parameter.cardinality() < Long.MAX_VALUE) {
      return parameter.cardinality();
    } else if (points == 0) {
      throw new IllegalArgumentException(
          "%s is a float without a step, which has no grid: give it a step, or the sampler a number of points"
              .formatted(parameter.name()));
    }
    return points;
  }

  private static double value(Parameter parameter, long index, long count) {
    if (parameter.cardinality() < Long.MAX_VALUE) {
      return parameter.at(index);
    }
    FloatParameter number = (FloatParameter) parameter;
    return number.quantile(index / (count - 1.0));
  }
}
