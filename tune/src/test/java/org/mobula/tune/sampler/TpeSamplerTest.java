package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class TpeSamplerTest {
  private static final SearchSpace CONDITIONAL =
      SearchSpace.builder()
          .add(CategoricalParameter.of("kind", "good", "bad"))
          .add(FloatParameter.uniform("good-x", 0, 1), Condition.when("kind", "good"))
          .add(FloatParameter.uniform("bad-x", 0, 1), Condition.when("kind", "bad"))
          .build();

  private static double number(Map<String, Double> values, String name) {
    return values.getOrDefault(name, Double.NaN);
  }

  private static StudyRecord run(
      Sampler sampler,
      Journal journal,
      SearchSpace space,
      int trials,
      ToDoubleFunction<Map<String, Double>> function) {
    StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
    for (int i = 0; i < trials; i++) {
      Suggestion suggestion =
          sampler.suggest(new SamplingRequest(study, space, i, 0, SeedSequence.of(4)));
      Map<Parameter, Double> parameters = new LinkedHashMap<>();
      suggestion
          .values()
          .forEach((name, value) -> parameters.put(space.parameter(name).orElseThrow(), value));
      TrialRecord trial = journal.createTrial(study, parameters, Map.of());
      journal.setState(trial, TrialState.COMPLETE, function.applyAsDouble(suggestion.values()));
    }
    return study;
  }

  @Test
  void findsTheBetterBranchAndThePlaceInIt() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study =
          run(
              new TpeSampler(),
              journal,
              CONDITIONAL,
              60,
              values ->
                  number(values, "kind") == 0
                      ? Math.abs(number(values, "good-x") - 0.8)
                      : 1 + number(values, "bad-x"));
      List<TrialRecord> late = study.trials().subList(30, 60);
      assertThat(late.stream().filter(trial -> number(trial.parameters(), "kind") == 0).count())
          .isGreaterThan(20);
      assertThat(study.best().orElseThrow().value()).isLessThan(0.01);
    }
  }

  @Test
  void looksAtNothingBeforeTheStartIsOver() {
    SearchSpace space = SearchSpace.of(FloatParameter.uniform("x", 0, 1));
    try (Journal first = Journal.inMemory();
        Journal second = Journal.inMemory()) {
      StudyRecord random =
          run(new RandomSampler(), first, space, 11, values -> number(values, "x"));
      StudyRecord tpe = run(new TpeSampler(), second, space, 11, values -> number(values, "x"));
      for (int i = 0; i < 11; i++) {
        Map<String, Double> expected = random.trials().get(i).parameters();
        assertThat(tpe.trials().get(i).parameters().equals(expected)).isEqualTo(i < 10);
      }
    }
  }

  @Test
  void comesNearerThanChance() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.uniform("x", -5, 5), FloatParameter.log("y", 1e-4, 1));
    ToDoubleFunction<Map<String, Double>> bowl =
        values ->
            Math.pow(number(values, "x") - 2, 2) + Math.pow(Math.log10(number(values, "y")) + 3, 2);
    try (Journal first = Journal.inMemory();
        Journal second = Journal.inMemory()) {
      double random =
          run(new RandomSampler(), first, space, 100, bowl).best().orElseThrow().value();
      double tpe = run(new TpeSampler(), second, space, 100, bowl).best().orElseThrow().value();
      assertThat(tpe).isLessThan(random / 3);
    }
  }

  @Test
  void seesParametersThatARunningTrialIsGivenLater() {
    FloatParameter x = FloatParameter.uniform("x", 0, 1);
    SearchSpace space = SearchSpace.of(x);
    Sampler longLived = new TpeSampler();
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = run(longLived, journal, space, 20, values -> number(values, "x"));
      TrialRecord running = journal.createTrial(study, Map.of(), Map.of());
      SamplingRequest request = new SamplingRequest(study, space, 21, 0, SeedSequence.of(4));
      Suggestion before = longLived.suggest(request);
      journal.setParameter(running, x, number(before.values(), "x"));
      assertThat(longLived.suggest(request))
          .isNotEqualTo(before)
          .isEqualTo(new TpeSampler().suggest(request));
      journal.setState(running, TrialState.COMPLETE, -1);
      assertThat(longLived.suggest(request)).isEqualTo(new TpeSampler().suggest(request));
    }
  }

  @Test
  void goesOnUphillFromTheBestOfItsCandidates() {
    SearchSpace space =
        SearchSpace.of(
            FloatParameter.uniform("a", 0, 1),
            FloatParameter.uniform("b", 0, 1),
            FloatParameter.uniform("c", 0, 1),
            FloatParameter.uniform("d", 0, 1));
    ToDoubleFunction<Map<String, Double>> bowl =
        values -> values.values().stream().mapToDouble(number -> Math.pow(number - 0.3, 2)).sum();
    try (Journal journal = Journal.inMemory()) {
      // One candidate alone is a draw of the density of the best, not its ratio's maximum.
      StudyRecord study = run(new TpeSampler(10, 1), journal, space, 100, bowl);
      assertThat(study.best().orElseThrow().value()).isLessThan(0.004);
    }
  }

  @Test
  void saysWhatItsNumbersMustBe() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TpeSampler(0, 24))
        .withMessage("there are 0 startup trials and 24 candidates but both must be ≥ 1");
  }
}
