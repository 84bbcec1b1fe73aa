package org.mobula.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigReader;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.TrialRecord;

class TuneConfigTest {
  private static TuneConfig read(String space, String... overrides) {
    return ConfigReader.read(
        "base: base.yaml\nspace: {" + space + "}\n",
        "search.yaml",
        TuneConfig.class,
        List.of(overrides),
        TuneConfig.alternatives());
  }

  @Test
  void aSpaceHasParametersOfEachKind() {
    String space =
        """
        a: {uniform: [0, 1], step: 0.25}, b: {log: [1e-4, 1]}, c: {integer: [1, 9], step: 2},
        d: {integer-log: [1, 8]}, e: {choice: [x, [1, 2]]}, f: 3, g: {uniform: [0, 1], when: {e: [x]}}
        """;
    FloatParameter onlyX = FloatParameter.uniform("g", 0, 1);
    assertThat(read(space).searchSpace())
        .isEqualTo(
            SearchSpace.builder()
                .add(FloatParameter.stepped("a", 0, 1, 0.25))
                .add(FloatParameter.log("b", 1e-4, 1))
                .add(IntParameter.stepped("c", 1, 9, 2))
                .add(IntParameter.log("d", 1, 8))
                .add(CategoricalParameter.of("e", "x", "[1, 2]"))
                .add(CategoricalParameter.fixed("f", 3))
                .add(onlyX, Condition.when("e", "x"))
                .build());
  }

  @Test
  void oneMetricOrSeveral() {
    TuneConfig one = read("x: 1", "metric=a", "direction=minimize");
    assertThat(one.metric()).containsExactly("a");
    assertThat(one.direction()).containsExactly(Direction.MINIMIZE);
    TuneConfig two = read("x: 1", "metric=[a, b]", "direction=[maximize, minimize]");
    StudyResult result =
        two.withStop(two.stop().withTrials(3))
            .study()
            .build()
            .optimizeMany(trial -> new double[] {trial.number(), trial.number()});
    assertThat(result.study().metricNames()).containsExactly("a", "b");
    assertThat(result.study().bestTrials())
        .extracting(TrialRecord::number)
        .containsExactly(0, 1, 2);
  }

  @Test
  void aListIsAChoiceWhereverItIsWritten() {
    StudyResult result =
        read(
                "e: {choice: [[1, 2], [3]]}, g: {uniform: [0, 1], when: {e: [[3]]}}",
                "first=[{e: [3]}, {e: [1, 2]}]",
                "stop.trials=2")
            .study()
            .build()
            .optimize(trial -> trial.number());
    assertThat(result.study().trials())
        .extracting(trial -> trial.parameterValues().get("e"))
        .containsExactly("[3]", "[1, 2]");
    assertThat(result.study().trials().get(0).parameters()).containsKey("g");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{integer: [1, 9], step: 2.5}|step is 2.5 but must be whole for integer",
        "{log: [1, 9], step: 2}|step is 2 but must be left out unless uniform or integer is given",
        "{choice: [1, 9], step: 2}|step is 2 but must be left out unless uniform or integer is given",
        "{uniform: [1, 9, 2]}|uniform is [1.0, 9.0, 2.0] but must be a list of two numbers, from and to",
        "{uniform: [1, 9], log: [1, 9]}|takes exactly one of uniform, log, integer, integer-log and choice",
      })
  void aParameterThatContradictsItselfIsRefused(String parameter, String error) {
    assertThatThrownBy(() -> read("x: " + parameter))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("search.yaml:2:")
        .hasMessageContaining(error);
  }

  @Test
  void severalMetricsHaveNoScheduler() {
    assertThatThrownBy(
            () -> read("x: 1", "metric=[a, b]", "direction=[maximize, minimize]", "scheduler=asha"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "scheduler is \"asha\" but must be none with several metrics: which of two trials is worse"
                + " is not known");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "metric=[a, b]|direction is [MAXIMIZE] (the default) but must be one for each metric: metric has 2",
        "metric=[]|must not be empty",
        "direction=up|direction is \"up\" but must be one of",
        "sampler.grid.points=1|points is 1 but must be ≥ 2, or 0",
        "trial-timeout=0s|trial-timeout is \"0s\" but must be > 0s",
        "stop.time=0s|time is \"0s\" but must be > 0s",
        "stop.trials=0|trials is 0 but must be > 0 where nothing else ends the study",
      })
  void aStudyThatCannotBeIsRefused(String setting, String error) {
    assertThatThrownBy(() -> read("x: 1", setting))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(error);
  }
}
