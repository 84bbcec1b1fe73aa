package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class NsgaIISamplerTest extends SamplerContract {
  private static final int DIMENSIONS = 6;

  @Override
  protected Sampler create() {
    return new NsgaIISampler(10);
  }

  @Override
  protected int objectives() {
    return 2;
  }

  /**
   * The area that a study of ZDT1 (power 0.5) or ZDT2 (power 2) dominates, below (1.1, 11); with
   * the first objective at most 0.5 if constrained.
   */
  private static double hypervolume(Sampler sampler, double power, boolean constrained) {
    SearchSpace.Builder builder = SearchSpace.builder();
    for (int i = 0; i < DIMENSIONS; i++) {
      builder.add(FloatParameter.uniform("x" + i, 0, 1));
    }
    SearchSpace space = builder.build();
    List<double[]> found = new ArrayList<>();
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study =
          journal.createStudy("study", List.of(Direction.MINIMIZE, Direction.MAXIMIZE));
      for (int i = 0; i < 400; i++) {
        Suggestion suggestion =
            sampler.suggest(new SamplingRequest(study, space, i, 0, SeedSequence.of(5)));
        Map<Parameter, Double> parameters = new LinkedHashMap<>();
        double rest = 0;
        double first = 0;
        for (Parameter parameter : space.parameters()) {
          double number = suggestion.values().getOrDefault(parameter.name(), Double.NaN);
          parameters.put(parameter, number);
          first = parameters.size() == 1 ? number : first;
          rest += parameters.size() == 1 ? 0 : number;
        }
        double g = 1 + 9 * rest / (DIMENSIONS - 1);
        double second = g * (1 - Math.pow(first / g, power));
        TrialRecord trial = journal.createTrial(study, parameters, suggestion.attributes());
        double violation = first - 0.5;
        if (constrained) {
          journal.setSystemAttribute(trial, TrialRecord.CONSTRAINTS, List.of(violation));
        }
        if (!constrained || violation <= 0) {
          found.add(new double[] {first, second});
        }
        journal.setState(trial, TrialState.COMPLETE, first, -second);
      }
    }
    return HypervolumeSelection.hypervolume(found, new double[] {1.1, 11});
  }

  @Test
  void spreadsOverTheParetoFront() {
    for (double power : new double[] {0.5, 2}) {
      double bred = hypervolume(new NsgaIISampler(20), power, false);
      double random = hypervolume(new RandomSampler(), power, false);
      double most = 11 * 1.1 - (power == 0.5 ? 1.0 / 3 : 2.0 / 3);
      assertThat(most - bred).isLessThan(0.5 * (most - random));
    }
  }

  @Test
  void keepsConstraints() {
    double bred = hypervolume(new NsgaIISampler(20), 0.5, true);
    assertThat(bred).isGreaterThan(hypervolume(new RandomSampler(), 0.5, true));
  }

  @Test
  void aDominatedSolutionIsInALaterFront() {
    double[][] values = {{1, 5}, {2, 3}, {4, 1}, {2, 4}, {5, 5}, {1, 5}, {0, 0}};
    double[] violations = {0, 0, 0, 0, 0, 0, 2};
    int[] fronts = Domination.fronts(values, violations);
    assertThat(fronts).containsExactly(0, 0, 0, 1, 2, 0, 3);
  }

  @Test
  void endsOfAFrontAreNeverCrowded() {
    double[][] values = {{0, 10}, {1, 6}, {3, 5}, {10, 0}, {11, 11}};
    double[] distances = Domination.crowdingDistances(values, new int[] {0, 0, 0, 0, 1});
    assertThat(distances)
        .containsExactly(
            Double.POSITIVE_INFINITY,
            0.3 + 0.5,
            0.9 + 0.6,
            Double.POSITIVE_INFINITY,
            Double.POSITIVE_INFINITY);
  }

  @Test
  void refusesAPopulationWithoutParents() {
    assertThatThrownBy(() -> new NsgaIISampler(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the population size is 1 but must be at least 2: a child has two parents");
  }
}
