package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;

class GridSamplerTest {
  private final Journal journal = Journal.inMemory();
  private final StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));

  private SamplingRequest request(SearchSpace space) {
    return new SamplingRequest(study, space, study.trials().size(), 0, SeedSequence.of(1));
  }

  private List<String> all(GridSampler sampler, SearchSpace space) {
    List<String> all = new ArrayList<>();
    while (sampler.exhausted(request(space)).isEmpty()) {
      Suggestion suggestion = sampler.suggest(request(space));
      all.add(String.valueOf(space.values(suggestion.values())));
      journal.enqueue(study, suggestion.attributes());
    }
    return all;
  }

  @Test
  void triesEveryCombinationOnceTheLastParameterFirst() {
    SearchSpace space =
        SearchSpace.builder()
            .add(CategoricalParameter.of("kind", "tree", "net"))
            .add(IntParameter.stepped("depth", 2, 8, 3), Condition.when("kind", "tree"))
            .add(FloatParameter.stepped("rate", 0.5, 1, 0.5))
            .build();
    assertThat(all(new GridSampler(), space))
        .containsExactly(
            "{kind=tree, depth=2, rate=0.5}",
            "{kind=tree, depth=2, rate=1.0}",
            "{kind=tree, depth=5, rate=0.5}",
            "{kind=tree, depth=5, rate=1.0}",
            "{kind=tree, depth=8, rate=0.5}",
            "{kind=tree, depth=8, rate=1.0}",
            "{kind=net, rate=0.5}",
            "{kind=net, rate=1.0}");
    assertThat(new GridSampler().exhausted(request(space)))
        .hasValue("all 8 combinations of the grid were tried");
    assertThatIllegalStateException()
        .isThrownBy(() -> new GridSampler().suggest(request(space)))
        .withMessage("all 8 combinations of the grid were tried");
  }

  @Test
  void leavesOutWhatBreaksAConstraint() {
    SearchSpace space =
        SearchSpace.builder()
            .add(IntParameter.uniform("a", 1, 2))
            .add(IntParameter.uniform("b", 1, 2))
            .constraint("a ≠ b", values -> !Objects.equals(values.get("a"), values.get("b")))
            .build();
    assertThat(all(new GridSampler(), space)).containsExactly("{a=1, b=2}", "{a=2, b=1}");
  }

  @Test
  void takesPointsAtEqualDistancesOfFloatsWithoutAStep() {
    SearchSpace space =
        SearchSpace.of(FloatParameter.log("rate", 0.25, 4), FloatParameter.uniform("one", 3, 3));
    SamplingRequest request = request(space);
    List<Map<String, Double>> values = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      values.add(
          new GridSampler(3)
              .suggest(new SamplingRequest(study, space, 0, i, request.seed()))
              .values());
    }
    assertThat(values)
        .containsExactly(
            Map.of("rate", 0.25, "one", 3.0),
            Map.of("rate", 1.0, "one", 3.0),
            Map.of("rate", 4.0, "one", 3.0));
  }

  @Test
  void saysWhyThereIsNoGrid() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new GridSampler()
                    .suggest(request(SearchSpace.of(FloatParameter.uniform("x", 0, 1)))))
        .withMessage(
            "x is a float without a step, which has no grid: give it a step, or the sampler a number of points");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new GridSampler()
                    .suggest(request(SearchSpace.of(IntParameter.uniform("n", 1, 2_000_000)))))
        .withMessage(
            "the grid has more than 1000000 combinations: widen steps, or sample at random");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new GridSampler(1))
        .withMessage("the points of a grid are 1 but must be ≥ 2, or 0 if every float has a step");
  }
}
