package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;

class AutoSamplerTest {
  private static final FloatParameter FLOAT = FloatParameter.uniform("x", 0, 1);
  private static final IntParameter INT = IntParameter.uniform("n", 1, 9);
  private static final CategoricalParameter CHOICE = CategoricalParameter.of("c", "a", "b");

  private static String chosen(int trials, int trial, SearchSpace space, Direction... directions) {
    AutoSampler sampler =
        new AutoSampler(trials, named("tpe"), named("gaussian process"), named("cma-es"));
    try (Journal journal = Journal.inMemory()) {
      return sampler
          .suggest(
              new SamplingRequest(
                  journal.createStudy("study", List.of(directions)),
                  space,
                  trial,
                  0,
                  SeedSequence.of(1)))
          .attributes()
          .keySet()
          .iterator()
          .next();
    }
  }

  private static Sampler named(String name) {
    return request -> new Suggestion(Map.of(), Map.of(name, true));
  }

  @Test
  void choosesByObjectivesSpaceAndBudget() {
    Direction one = Direction.MINIMIZE;
    SearchSpace floats = SearchSpace.of(FLOAT);
    SearchSpace numbers = SearchSpace.of(FLOAT, INT);
    SearchSpace mixed = SearchSpace.of(FLOAT, CHOICE);
    SearchSpace conditional =
        SearchSpace.builder().add(INT).add(FLOAT, Condition.when("n", 1)).build();
    assertThat(chosen(100, 0, floats, one, one)).isEqualTo("tpe");
    for (SearchSpace space : List.of(floats, numbers, mixed, conditional)) {
      assertThat(chosen(100, 0, space, one)).isEqualTo("gaussian process");
      assertThat(chosen(0, 249, space, one)).isEqualTo("gaussian process");
      assertThat(chosen(0, 250, space, one)).isEqualTo("tpe");
      assertThat(chosen(1000, 249, space, one)).isEqualTo("gaussian process");
      assertThat(chosen(1000, 250, space, one)).isEqualTo("tpe");
    }
    SearchSpace.Builder many = SearchSpace.builder().add(CategoricalParameter.fixed("f", 1));
    for (int i = 0; i < 30; i++) {
      many.add(FloatParameter.uniform("x" + i, 0, 1));
    }
    assertThat(chosen(100, 0, many.build(), one)).isEqualTo("gaussian process");
    assertThat(chosen(100, 0, many.add(CHOICE).build(), one)).isEqualTo("tpe");
    assertThat(chosen(1001, 0, floats, one)).isEqualTo("cma-es");
    assertThat(chosen(1001, 250, numbers, one)).isEqualTo("cma-es");
    assertThat(chosen(5000, 0, mixed, one)).isEqualTo("gaussian process");
    assertThat(chosen(5000, 0, conditional, one)).isEqualTo("gaussian process");
  }

  /** Of three seeds, beside the median of 40 seeds of Optuna 5.0.0's TPE. */
  @ParameterizedTest
  @CsvSource({"rastrigin4, 17.12", "michalewicz5, 1.951", "conditional, 0.1002"})
  void comesCloserThanIndependentDensities(String name, double peer) {
    RegretBenchmark.Function function =
        RegretBenchmark.functions().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow();
    double[] regrets = new double[3];
    for (int seed = 0; seed < regrets.length; seed++) {
      regrets[seed] = RegretBenchmark.regret(function, new AutoSampler(100), seed, 100);
    }
    Arrays.sort(regrets);
    assertThat(regrets[1]).isBetween(-1e-6, 0.5 * peer);
  }
}
