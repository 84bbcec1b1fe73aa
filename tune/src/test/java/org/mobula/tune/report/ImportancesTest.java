package org.mobula.tune.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class ImportancesTest {
  private static final SeedSequence SEED = SeedSequence.of(0);

  /** A history with what Optuna says of it. */
  record Recorded(String name, StudyRecord study, JsonNode json) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Recorded> recorded() throws IOException {
    try (InputStream file = ImportancesTest.class.getResourceAsStream("/importance/optuna.json")) {
      List<Recorded> cases = new ArrayList<>();
      for (JsonNode json : new ObjectMapper().readTree(file)) {
        cases.add(new Recorded(json.get("name").asText(), study(json), json));
      }
      return cases.stream();
    }
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void pedAnovaIsOptunas(Recorded recorded) {
    for (int objective = 0; objective < recorded.study.directions().size(); objective++) {
      Map<String, Double> ours = Importances.pedAnova(recorded.study, objective);
      Map<String, Double> theirs = shares(recorded.json.get("ped-anova").get(objective));
      assertThat(ours.keySet()).containsExactlyInAnyOrderElementsOf(theirs.keySet());
      theirs.forEach((name, share) -> assertThat(ours.get(name)).isCloseTo(share, within(1e-9)));
      assertThat(new ArrayList<>(ours.values())).isSortedAccordingTo((a, b) -> b.compareTo(a));
    }
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void fanovaIsNearOptunas(Recorded recorded) {
    if (recorded.name.equals("three trials")) {
      return; // a forest of two or three samples says nothing twice alike
    }
    for (int objective = 0; objective < recorded.study.directions().size(); objective++) {
      Map<String, Double> ours = Importances.fanova(recorded.study, objective, SEED);
      Map<String, Double> theirs = shares(recorded.json.get("fanova").get(objective));
      assertThat(ours.keySet()).containsExactlyInAnyOrderElementsOf(theirs.keySet());
      theirs.forEach(
          (name, share) -> assertThat(ours.get(name)).as(name).isCloseTo(share, within(0.05)));
      assertThat(ours.keySet().iterator().next()).isEqualTo(theirs.keySet().iterator().next());
    }
  }

  @Test
  void fanovaFindsTheSharesOfASum() {
    // The variance of a·x over [0, 1] is a²/12; of a choice of 0 or b, b²/4.
    List<Parameter> space =
        List.of(
            FloatParameter.uniform("a", 0, 1),
            FloatParameter.log("b", 1e-4, 1),
            CategoricalParameter.of("c", "no", "yes"),
            IntParameter.uniform("nothing", 1, 9));
    StudyRecord study =
        sampled(
            space,
            2000,
            values ->
                4 * number(values, "a")
                    + 0.5 * Math.log10(number(values, "b"))
                    + 2 * number(values, "c"));
    Map<String, Double> shares = Importances.fanova(study, 0, SEED);
    double[] variances = {16 / 12.0, 4 / 12.0, 1};
    double sum = variances[0] + variances[1] + variances[2];
    assertThat(shares.get("a")).isCloseTo(variances[0] / sum, within(0.02));
    assertThat(shares.get("b")).isCloseTo(variances[1] / sum, within(0.02));
    assertThat(shares.get("c")).isCloseTo(variances[2] / sum, within(0.02));
    assertThat(shares.get("nothing")).isLessThan(0.01);
    assertThat(shares.keySet()).containsExactly("a", "c", "b", "nothing");
  }

  @Test
  void theSameSeedGrowsTheSameForest() {
    StudyRecord study =
        sampled(
            List.of(FloatParameter.uniform("a", 0, 1), FloatParameter.uniform("b", 0, 1)),
            50,
            values -> number(values, "a") * number(values, "b"));
    assertThat(Importances.fanova(study, 0, SEED))
        .isEqualTo(Importances.fanova(study, 0, SEED))
        .isNotEqualTo(Importances.fanova(study, 0, SeedSequence.of(1)));
  }

  @Test
  void nothingToTellApartIsSharedEqually() {
    StudyRecord study =
        sampled(
            List.of(FloatParameter.uniform("a", 0, 1), FloatParameter.uniform("b", 0, 1)),
            20,
            values -> 1);
    Map<String, Double> equal = Map.of("a", 0.5, "b", 0.5);
    assertThat(Importances.fanova(study, 0, SEED)).isEqualTo(equal);
    assertThat(Importances.pedAnova(study, 0)).isEqualTo(equal);
  }

  @Test
  void oneTrialSaysNothing() {
    StudyRecord study = sampled(List.of(FloatParameter.uniform("a", 0, 1)), 1, values -> 1);
    assertThat(Importances.fanova(study, 0, SEED)).isEmpty();
    assertThat(Importances.pedAnova(study, 0)).isEmpty();
  }

  @Test
  void thereIsNoSuchObjective() {
    StudyRecord study = sampled(List.of(FloatParameter.uniform("a", 0, 1)), 1, values -> 1);
    assertThatThrownBy(() -> Importances.pedAnova(study, 1))
        .hasMessage("objective 1 is asked for but the study has 1, counted from 0");
  }

  private static double number(Map<String, Double> values, String name) {
    return values.getOrDefault(name, Double.NaN);
  }

  private static StudyRecord sampled(
      List<Parameter> space, int trials, ToDoubleFunction<Map<String, Double>> objective) {
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("sampled", List.of(Direction.MINIMIZE));
    Pcg64 random = new Pcg64(7);
    for (int i = 0; i < trials; i++) {
      Map<Parameter, Double> numbers = ExampleStudies.draw(space, random);
      Map<String, Double> byName = new LinkedHashMap<>();
      numbers.forEach((parameter, number) -> byName.put(parameter.name(), number));
      TrialRecord trial = journal.createTrial(study, numbers, Map.of());
      journal.setState(trial, TrialState.COMPLETE, objective.applyAsDouble(byName));
    }
    return study;
  }

  private static StudyRecord study(JsonNode json) {
    List<Parameter> parameters = new ArrayList<>();
    json.get("parameters").forEach(parameter -> parameters.add(parameter(parameter)));
    List<Direction> directions = new ArrayList<>();
    json.get("directions")
        .forEach(
            direction ->
                directions.add(Direction.valueOf(direction.asText().toUpperCase(Locale.ROOT))));
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy(json.get("name").asText(), directions);
    for (JsonNode trial : json.get("trials")) {
      Map<Parameter, Double> numbers = new LinkedHashMap<>();
      for (int i = 0; i < trial.get("parameters").size(); i++) {
        numbers.put(
            parameters.get(trial.get("parameters").get(i).asInt()),
            trial.get("internal").get(i).asDouble());
      }
      double[] values = new double[trial.get("values").size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = Double.parseDouble(trial.get("values").get(i).asText());
      }
      journal.setState(
          journal.createTrial(study, numbers, Map.of()),
          TrialState.valueOf(trial.get("state").asText()),
          values);
    }
    return study;
  }

  private static Parameter parameter(JsonNode json) {
    String name = json.get("name").asText();
    return switch (json.get("kind").asText()) {
      case "float" ->
          new FloatParameter(
              name,
              json.get("low").asDouble(),
              json.get("high").asDouble(),
              json.get("log").asBoolean(),
              json.get("step").asDouble());
      case "int" ->
          new IntParameter(
              name,
              json.get("low").asLong(),
              json.get("high").asLong(),
              json.get("log").asBoolean(),
              json.get("step").asLong());
      default -> {
        List<Object> choices = new ArrayList<>();
        json.get("choices").forEach(choice -> choices.add(choice.asText()));
        yield new CategoricalParameter(name, choices);
      }
    };
  }

  private static Map<String, Double> shares(JsonNode json) {
    Map<String, Double> shares = new LinkedHashMap<>();
    json.properties().forEach(field -> shares.put(field.getKey(), field.getValue().asDouble()));
    return shares;
  }
}
