package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class GaussianProcessSamplerTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return new GaussianProcessSampler();
  }

  private static TrialRecord begin(
      Journal journal, StudyRecord study, SearchSpace space, Sampler sampler) {
    Suggestion suggestion =
        sampler.suggest(
            new SamplingRequest(study, space, study.trials().size(), 0, SeedSequence.of(11)));
    Map<Parameter, Double> parameters = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      Double number = suggestion.values().get(parameter.name());
      if (number != null) {
        parameters.put(parameter, number);
      }
    }
    return journal.createTrial(study, parameters, suggestion.attributes());
  }

  private static StudyRecord run(
      Journal journal, SearchSpace space, int trials, ToDoubleFunction<TrialRecord> objective) {
    StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
    Sampler sampler = new GaussianProcessSampler();
    for (int i = 0; i < trials; i++) {
      TrialRecord trial = begin(journal, study, space, sampler);
      journal.setState(trial, TrialState.COMPLETE, objective.applyAsDouble(trial));
    }
    return study;
  }

  private static double value(TrialRecord trial, String name) {
    return trial.parameters().getOrDefault(name, Double.NaN);
  }

  @Test
  void findsTheMinimumOfAValleyInAFewTrials() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.uniform("x", -5, 5), FloatParameter.uniform("y", -5, 5));
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study =
          run(
              journal,
              space,
              40,
              trial ->
                  100 * Math.pow(value(trial, "y") - Math.pow(value(trial, "x"), 2), 2)
                      + Math.pow(value(trial, "x") - 1, 2));
      assertThat(study.best().orElseThrow().value()).isLessThan(0.1);
    }
  }

  @Test
  void triesEveryPointOfASmallGridOnceBeforeAnyTwice() {
    SearchSpace space =
        SearchSpace.of(
            IntParameter.uniform("a", 1, 5), CategoricalParameter.of("b", "x", "y", "z"));
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study =
          run(journal, space, 10, trial -> Math.abs(value(trial, "a") - 4) + value(trial, "b"));
      Sampler sampler = new GaussianProcessSampler();
      long startup = study.trials().stream().map(TrialRecord::parameters).distinct().count();
      for (int i = 0; i < 15 - startup; i++) {
        TrialRecord trial = begin(journal, study, space, sampler);
        journal.setState(
            trial, TrialState.COMPLETE, Math.abs(value(trial, "a") - 4) + value(trial, "b"));
      }
      assertThat(study.trials().stream().map(TrialRecord::parameters).distinct()).hasSize(15);
    }
  }

  @Test
  void spreadsTrialsThatRunAtOnce() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.uniform("x", 0, 1), FloatParameter.uniform("y", 0, 1));
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study =
          run(
              journal,
              space,
              12,
              trial -> Math.sin(9 * value(trial, "x")) * Math.cos(7 * value(trial, "y")));
      double[][] running = new double[4][];
      for (int i = 0; i < running.length; i++) {
        TrialRecord trial = begin(journal, study, space, new GaussianProcessSampler());
        running[i] = new double[] {value(trial, "x"), value(trial, "y")};
        for (int j = 0; j < i; j++) {
          double distance =
              Math.hypot(running[i][0] - running[j][0], running[i][1] - running[j][1]);
          assertThat(distance).isGreaterThan(0.01);
        }
      }
    }
  }

  @Test
  void learnsWhereConstraintsHold() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.uniform("x", 0, 1), FloatParameter.uniform("y", 0, 1));
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = journal.createStudy("study", List.of(Direction.MAXIMIZE));
      Sampler sampler = new GaussianProcessSampler();
      double best = 0;
      for (int i = 0; i < 40; i++) {
        TrialRecord trial = begin(journal, study, space, sampler);
        double sum = value(trial, "x") + value(trial, "y");
        double violation = Math.hypot(value(trial, "x"), value(trial, "y")) - 0.5;
        journal.setSystemAttribute(trial, TrialRecord.CONSTRAINTS, List.of(violation));
        journal.setState(trial, TrialState.COMPLETE, sum);
        best = violation <= 0 ? Math.max(best, sum) : best;
      }
      assertThat(best).isBetween(0.69, Math.sqrt(0.5) + 1e-9);
    }
  }

  @Test
  void findsSeveralTradeOffsBetweenObjectives() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.uniform("x", -2, 3), FloatParameter.uniform("y", -2, 3));
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study =
          journal.createStudy("study", List.of(Direction.MINIMIZE, Direction.MINIMIZE));
      Sampler sampler = new GaussianProcessSampler();
      int good = 0;
      for (int i = 0; i < 40; i++) {
        TrialRecord trial = begin(journal, study, space, sampler);
        double x = value(trial, "x");
        double y = value(trial, "y");
        journal.setState(
            trial, TrialState.COMPLETE, x * x + y * y, (x - 1) * (x - 1) + (y - 1) * (y - 1));
        // The trade-offs lie on the line from (0, 0) to (1, 1).
        good += Math.abs(x - y) < 0.3 && x + y > -0.3 && x + y < 2.3 ? 1 : 0;
      }
      assertThat(good).isGreaterThan(15);
    }
  }

  /** Most trials are stopped early, as a scheduler does; only what is good runs to its end. */
  @Test
  void learnsFromPrunedTrials() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.uniform("x", -5, 5), FloatParameter.uniform("y", -5, 5));
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = journal.createStudy("study", List.of(Direction.MAXIMIZE));
      Sampler sampler = new GaussianProcessSampler();
      double best = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < 40; i++) {
        TrialRecord trial = begin(journal, study, space, sampler);
        double value = -Math.pow(value(trial, "x") - 1, 2) - Math.pow(value(trial, "y") + 2, 2);
        boolean good = value > -1;
        if (i == 3) {
          journal.setState(trial, TrialState.PRUNED); // it reported nothing
        } else {
          journal.report(trial, 1, i == 5 ? Double.NaN : value - 1);
          journal.setState(trial, good ? TrialState.COMPLETE : TrialState.PRUNED, value);
        }
        best = good ? Math.max(best, value) : best;
      }
      assertThat(best).isBetween(-1e-3, 0.0);
    }
  }

  @Test
  void refusesToBeginWithoutData() {
    assertThatThrownBy(() -> new GaussianProcessSampler(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the number of startup trials is 0 but must be at least 1: a model needs data");
  }
}
