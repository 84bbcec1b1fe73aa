package org.mobula.tune.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class PopulationBasedTrainingTest {
  private static final SearchSpace SPACE =
      SearchSpace.of(FloatParameter.log("rate", 1e-4, 1), IntParameter.uniform("size", 1, 100));
  private static final long LAST_STEP = 100;
  private static final PopulationBasedTraining PBT =
      PopulationBasedTraining.defaults().withInterval(5);

  /** The score nears a limit that is 1 at a rate of 0.1 and a size of 20, less elsewhere. */
  private static Simulation simulation() {
    return new Simulation(
        SPACE,
        (parameters, score) -> {
          double rate = (Double) Objects.requireNonNull(parameters.get("rate"));
          long size = (Long) Objects.requireNonNull(parameters.get("size"));
          double distance = Math.abs(Math.log10(rate / 0.1)) + Math.abs(size - 20) / 20.0;
          return score + 0.3 * (1 / (1 + distance) - score);
        },
        LAST_STEP);
  }

  private static double best(StudyRecord study) {
    return study.best().orElseThrow().value();
  }

  private static double mean(StudyRecord study) {
    return study.trials().stream()
        .filter(trial -> trial.state() == TrialState.COMPLETE)
        .mapToDouble(TrialRecord::value)
        .average()
        .orElseThrow();
  }

  private static long attribute(TrialRecord trial, String name) {
    return ((Number) Objects.requireNonNull(trial.systemAttributes().get(name))).longValue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void thePopulationGetsBetterThanItsFirstMembers(boolean synchronous) {
    StudyRecord without = simulation().run(NoScheduler::new, 8, 8, 1);
    PopulationBasedTraining pbt = PBT.withSynchronous(synchronous);
    StudyRecord study = simulation().run(() -> pbt, 8, 8, 1);
    assertThat(best(study)).isGreaterThan(best(without));
    assertThat(mean(study)).isGreaterThan(1.5 * mean(without));
    assertThat(study.trials()).allMatch(trial -> trial.state().isFinished());
    assertThat(study.trials().stream().filter(trial -> trial.state() == TrialState.COMPLETE))
        .as("each place in the population came to the end")
        .hasSize(8);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void lineagesAreWhole(boolean synchronous) {
    PopulationBasedTraining pbt = PBT.withSynchronous(synchronous);
    StudyRecord study = simulation().run(() -> pbt, 3, 8, 2);
    Map<Long, TrialRecord> places = new TreeMap<>();
    int copies = 0;
    for (TrialRecord trial : study.trials()) {
      TrialRecord replaced = places.put(attribute(trial, "pbt:member"), trial);
      if (!trial.systemAttributes().containsKey("pbt:parent")) {
        assertThat(replaced).isNull();
        continue;
      }
      copies++;
      assertThat(Objects.requireNonNull(replaced).state()).isEqualTo(TrialState.PRUNED);
      TrialRecord parent = study.trials().get((int) attribute(trial, "pbt:parent"));
      long start = attribute(trial, "pbt:start");
      assertThat(attribute(trial, "pbt:member")).isNotEqualTo(attribute(parent, "pbt:member"));
      assertThat(start % 5).isZero();
      if (start < LAST_STEP) {
        assertThat(trial.intermediateValues().firstKey()).isEqualTo(start + 1);
      }
      assertThat(parent.intermediateValues()).containsKey(start);
    }
    assertThat(places).hasSize(8);
    assertThat(copies).isGreaterThanOrEqualTo(11);
  }

  @Test
  void theSynchronousOutcomeDependsNeitherOnPlacesNorOnWhoIsFaster() {
    PopulationBasedTraining pbt = PBT.withSynchronous(true);
    List<String> outcomes = new ArrayList<>();
    for (int places : new int[] {8, 8, 3, 1}) {
      StudyRecord study = simulation().run(() -> pbt, places, 8, outcomes.size());
      StringBuilder outcome = new StringBuilder();
      for (TrialRecord trial : study.trials()) {
        outcome.append(trial).append(trial.intermediateValues()).append('\n');
      }
      outcomes.add(outcome.toString());
    }
    assertThat(Set.copyOf(outcomes)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void membersTakeTurns(boolean synchronous) {
    PopulationBasedTraining pbt = PBT.withSynchronous(synchronous);
    Simulation simulation = simulation();
    Scheduler watched =
        new Scheduler() {
          @Override
          public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
            return pbt.onReport(study, trial, step);
          }

          @Override
          public Next next(
              StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
            Map<Long, Long> trained = new TreeMap<>();
            for (TrialRecord trial : study.trials()) {
              Object step = trial.systemAttributes().getOrDefault("pbt:step", 0L);
              trained.put(attribute(trial, "pbt:member"), ((Number) step).longValue());
            }
            if (!trained.isEmpty()) {
              assertThat(Collections.max(trained.values()) - Collections.min(trained.values()))
                  .isLessThanOrEqualTo(2 * PBT.interval());
            }
            return pbt.next(study, space, seed, mayBegin);
          }
        };
    StudyRecord study = simulation.run(() -> watched, 1, 8, 3);
    assertThat(simulation.mostRunning()).isEqualTo(1);
    assertThat(study.best()).isPresent();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aNewSchedulerAnswersAsTheOldOne(boolean synchronous) {
    PopulationBasedTraining pbt = PBT.withSynchronous(synchronous);
    Simulation old = simulation();
    old.run(() -> pbt, 3, 8, 5);
    Simulation young = simulation();
    young.run(
        () -> PopulationBasedTraining.defaults().withInterval(5).withSynchronous(synchronous),
        3,
        8,
        5);
    assertThat(young.trace()).isEqualTo(old.trace());
  }

  @Test
  void anAsynchronousRoundByHand() {
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("pbt", List.of(Direction.MINIMIZE));
    PopulationBasedTraining pbt =
        PBT.withPopulationSize(4).withBurnIn(7).withResampleProbability(0);
    SeedSequence seed = SeedSequence.of(0);
    Map<Parameter, Double> parameters = new TreeMap<>((a, b) -> a.name().compareTo(b.name()));
    parameters.put(SPACE.parameter("rate").orElseThrow(), 0.5);
    parameters.put(SPACE.parameter("size").orElseThrow(), 9.0);
    for (int member = 0; member < 4; member++) {
      Next.Sample sample = (Next.Sample) pbt.next(study, SPACE, seed, true);
      assertThat(sample.attributes()).isEqualTo(Map.of("pbt:member", member));
      journal.createTrial(study, parameters, sample.attributes());
    }
    assertThat(pbt.next(study, SPACE, seed, true)).isEqualTo(Next.WAIT);
    double[] scores = {3, 1, Double.NaN, 2};
    Decision[] expected = {Decision.PAUSE, Decision.PAUSE, Decision.STOP, Decision.PAUSE};
    for (int i = 0; i < 4; i++) {
      TrialRecord trial = study.trials().get(i);
      journal.report(trial, 6, scores[i]);
      assertThat(pbt.onReport(study, trial, 6)).as("burn-in").isEqualTo(Verdict.CONTINUE);
      journal.report(trial, 7, scores[i]);
      Verdict verdict = pbt.onReport(study, trial, 7);
      assertThat(verdict.decision()).isEqualTo(expected[i]);
      verdict.attributes().forEach((key, value) -> journal.setSystemAttribute(trial, key, value));
      if (verdict.decision() == Decision.PAUSE) {
        journal.setSystemAttribute(trial, Scheduler.PAUSED, true);
      } else {
        journal.setState(trial, TrialState.PRUNED);
      }
    }
    for (int number = 0; number < 2; number++) {
      assertThat(pbt.next(study, SPACE, seed, false)).isEqualTo(new Next.Resume(number));
      journal.setSystemAttribute(study.trials().get(number), Scheduler.PAUSED, false);
    }
    Next.Copy copy = (Next.Copy) pbt.next(study, SPACE, seed, false);
    assertThat(copy.donor()).isEqualTo(1);
    assertThat(copy.values().get("rate")).isIn(0.5 * 1.2, 0.5 * 0.8);
    assertThat(copy.values().get("size")).as("10.8 or 7.2").isIn(10.0, 7.0);
    assertThat(copy.attributes())
        .containsEntry("pbt:member", 2L)
        .containsEntry("pbt:parent", 1)
        .containsEntry("pbt:start", 7L);
    assertThat(pbt.next(study, SPACE, seed, false)).as("asked again").isEqualTo(copy);
    TrialRecord born = journal.createTrial(study, parameters, copy.attributes());
    assertThat(pbt.next(study, SPACE, seed, true)).isEqualTo(new Next.Resume(3));
    journal.report(born, 11, 1);
    assertThat(pbt.onReport(study, born, 11)).isEqualTo(Verdict.CONTINUE);
    journal.report(born, 12, 1);
    assertThat(pbt.onReport(study, born, 12).decision()).isEqualTo(Decision.PAUSE);
  }

  @Test
  void whatIsExploredLiesInTheSpace() {
    SearchSpace space =
        SearchSpace.builder()
            .add(CategoricalParameter.of("kind", "a", "b", "c"))
            .add(FloatParameter.stepped("momentum", 0, 0.9, 0.3), Condition.when("kind", "b", "c"))
            .add(IntParameter.stepped("units", 8, 64, 8))
            .add(FloatParameter.uniform("shift", -2, 2))
            .constraint(
                "few units with c",
                values -> !"c".equals(values.get("kind")) || (Long) notNull(values, "units") < 40)
            .build();
    Simulation simulation =
        new Simulation(
            space,
            (parameters, score) ->
                score + (Double) notNull(parameters, "shift") + (Long) notNull(parameters, "units"),
            200);
    StudyRecord study = simulation.run(() -> PBT, 4, 8, 4);
    Set<Object> kinds = new TreeSet<>();
    List<TrialRecord> copies =
        study.trials().stream()
            .filter(trial -> trial.systemAttributes().containsKey("pbt:parent"))
            .toList();
    assertThat(copies).hasSizeGreaterThan(20);
    for (TrialRecord copy : copies) {
      assertThat(space.broken(copy.parameters())).isEmpty();
      Object kind = notNull(copy.parameterValues(), "kind");
      kinds.add(kind);
      assertThat(copy.parameters().containsKey("momentum")).isEqualTo(!kind.equals("a"));
    }
    assertThat(kinds).hasSizeGreaterThan(1);
  }

  private static Object notNull(Map<String, Object> values, String name) {
    return Objects.requireNonNull(values.get(name));
  }

  @Test
  void aReplayTrainsAsTheAncestorsDid(@TempDir Path directory) throws IOException {
    StudyRecord study = simulation().run(() -> PBT, 8, 8, 1);
    TrialRecord best = study.best().orElseThrow();
    Path file = directory.resolve("replay.jsonl");
    PbtReplay.of(study, best).write(file);
    PbtReplay replay = PbtReplay.read(file);
    assertThat(replay.changes()).hasSizeGreaterThan(1);
    StudyRecord again = simulation().run(() -> replay, 2, 1, 9);
    assertThat(best(again)).isEqualTo(best.value());
    assertThat(again.trials()).hasSameSizeAs(replay.changes());
    assertThat(again.trials()).allMatch(trial -> trial.state().isFinished());
  }

  @Test
  void mistakesAreAnswered() {
    assertThatThrownBy(() -> PBT.withPopulationSize(1))
        .hasMessageContaining("population-size is 1 but must be ≥ 2");
    assertThatThrownBy(() -> PBT.withPerturbationFactors(List.of()))
        .hasMessageContaining("perturbation-factors");
    assertThatThrownBy(() -> new PbtReplay(List.of()))
        .hasMessageContaining("must begin with the parameters of step 0");
    PbtReplay replay = new PbtReplay(List.of(new PbtReplay.Change(0, Map.of("rote", 1))));
    StudyRecord study = Journal.inMemory().createStudy("s", List.of(Direction.MINIMIZE));
    assertThatThrownBy(() -> replay.next(study, SPACE, SeedSequence.of(0), true))
        .hasMessageContaining("the replay sets rote, which is no parameter of");
  }
}
