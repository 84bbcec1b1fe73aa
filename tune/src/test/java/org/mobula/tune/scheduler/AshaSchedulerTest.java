package org.mobula.tune.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class AshaSchedulerTest {
  private static final SearchSpace SPACE =
      SearchSpace.of(
          FloatParameter.uniform("limit", 0, 1), FloatParameter.uniform("speed", 0.05, 0.5));
  private static final SeedSequence SEED = SeedSequence.of(0);

  private final Journal journal = Journal.inMemory();
  private final StudyRecord study = journal.createStudy("asha", List.of(Direction.MINIMIZE));

  private int begin() {
    return journal.createTrial(study, Map.of(), Map.of()).number();
  }

  private Decision report(Scheduler asha, int number, long step, double value) {
    TrialRecord trial = study.trials().get(number);
    journal.report(trial, step, value);
    Verdict verdict = asha.onReport(study, trial, step);
    verdict.attributes().forEach((key, set) -> journal.setSystemAttribute(trial, key, set));
    if (verdict.decision() == Decision.PAUSE) {
      journal.setSystemAttribute(trial, Scheduler.PAUSED, true);
    } else if (verdict.decision() == Decision.STOP) {
      journal.setState(trial, TrialState.PRUNED);
    }
    return verdict.decision();
  }

  private Next next(Scheduler asha, boolean mayBegin) {
    Next next = asha.next(study, SPACE, SEED, mayBegin);
    if (next instanceof Next.Resume resume) {
      journal.setSystemAttribute(study.trials().get(resume.trial()), Scheduler.PAUSED, false);
    }
    return next;
  }

  @Test
  void promotesTheBestOfTheHighestRungByHand() {
    AshaScheduler asha = AshaScheduler.defaults().withReductionFactor(2);
    for (int i = 0; i < 4; i++) {
      begin();
    }
    assertThat(report(asha, 0, 1, 0.4)).isEqualTo(Decision.PAUSE);
    assertThat(next(asha, true)).as("floor(1 / 2) go on").isEqualTo(Next.SAMPLE);
    assertThat(report(asha, 1, 1, 0.5)).isEqualTo(Decision.PAUSE);
    assertThat(next(asha, true)).isEqualTo(new Next.Resume(0));
    assertThat(next(asha, true)).as("0 is promoted already").isEqualTo(Next.SAMPLE);
    assertThat(report(asha, 2, 1, 0.3)).isEqualTo(Decision.PAUSE);
    assertThat(next(asha, true)).as("the best of three").isEqualTo(new Next.Resume(2));
    assertThat(report(asha, 0, 2, 0.35)).isEqualTo(Decision.PAUSE);
    assertThat(report(asha, 3, 1, 0.45)).isEqualTo(Decision.PAUSE);
    assertThat(next(asha, true)).as("2 and 0 are the two best of four").isEqualTo(Next.SAMPLE);
    assertThat(report(asha, 2, 2, 0.25)).isEqualTo(Decision.PAUSE);
    begin();
    assertThat(report(asha, 4, 1, 0.1)).isEqualTo(Decision.PAUSE);
    assertThat(next(asha, true)).as("the higher rung first").isEqualTo(new Next.Resume(2));
    assertThat(next(asha, true)).isEqualTo(new Next.Resume(4));
    assertThat(next(asha, true)).isEqualTo(Next.SAMPLE);
    assertThat(report(asha, 2, 3, 0.2)).as("no rung at 3").isEqualTo(Decision.CONTINUE);
    assertThat(next(asha, false)).as("2 and 4 run").isEqualTo(Next.WAIT);
  }

  @Test
  void theBestGoesOnAloneIfNoneWouldEndOtherwise() {
    AshaScheduler asha = AshaScheduler.defaults();
    for (int i = 0; i < 3; i++) {
      begin();
      report(asha, i, 1, 3 - i);
    }
    assertThat(next(asha, false)).isEqualTo(new Next.Resume(2));
    assertThat(next(asha, false)).isEqualTo(Next.WAIT);
    report(asha, 2, 4, 5);
    assertThat(next(asha, false)).as("of the highest rung").isEqualTo(new Next.Resume(2));
    journal.setState(study.trials().get(2), TrialState.COMPLETE, 5);
    assertThat(next(asha, false)).isEqualTo(Next.WAIT);
  }

  @Test
  void nanStopsAtARungOnly() {
    AshaScheduler asha = AshaScheduler.defaults().withMinResource(2);
    begin();
    assertThat(report(asha, 0, 1, Double.NaN)).isEqualTo(Decision.CONTINUE);
    assertThat(report(asha, 0, 2, Double.NaN)).isEqualTo(Decision.STOP);
  }

  @Test
  void noRungLiesAtTheEndOfTheTrials() {
    AshaScheduler asha = AshaScheduler.defaults().withMaxResource(4);
    begin();
    assertThat(report(asha, 0, 1, 1)).isEqualTo(Decision.PAUSE);
    assertThat(report(asha, 0, 4, 1)).isEqualTo(Decision.CONTINUE);
    assertThat(report(asha, 0, 16, 1)).isEqualTo(Decision.CONTINUE);
  }

  @Test
  void aFoundLowestRungStays() {
    AshaScheduler asha = AshaScheduler.defaults().withMinResource(0);
    begin();
    assertThat(report(asha, 0, 200, 1)).isEqualTo(Decision.CONTINUE);
    journal.setState(study.trials().get(0), TrialState.COMPLETE, 1);
    begin();
    assertThat(report(asha, 1, 1, 1)).isEqualTo(Decision.CONTINUE);
    begin();
    journal.report(study.trials().get(2), 900, 1);
    journal.setState(study.trials().get(2), TrialState.COMPLETE, 1);
    assertThat(report(asha, 1, 2, 1)).isEqualTo(Decision.PAUSE);
  }

  @Test
  void mistakesAreAnswered() {
    assertThatThrownBy(() -> AshaScheduler.defaults().withReductionFactor(1))
        .hasMessageContaining("reduction-factor is 1 but must be ≥ 2");
    assertThatThrownBy(() -> new AshaScheduler(0, 0, 4, 0, 1, true))
        .hasMessageContaining("bootstrap-count is 1 but must be 0 unless min-resource is given");
    assertThatThrownBy(() -> HyperbandScheduler.defaults().withBootstrapCount(1))
        .hasMessageContaining("bootstrap-count is 1 but must be 0 unless max-resource is given");
    assertThatThrownBy(() -> new HyperbandScheduler(9, 3, 3, 0, true))
        .hasMessageContaining("max-resource is 3 but must be ≥ min-resource (9), or 0");
  }

  private static Simulation simulation() {
    return new Simulation(
        SPACE,
        (parameters, score) -> {
          double limit = (Double) Objects.requireNonNull(parameters.get("limit"));
          double speed = (Double) Objects.requireNonNull(parameters.get("speed"));
          return score + speed * (limit - score);
        },
        64);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8})
  void eachRungPassesOnItsBest(int places) {
    AshaScheduler asha = AshaScheduler.defaults().withMaxResource(64);
    Simulation simulation = simulation();
    StudyRecord ended = simulation.run(() -> asha, places, 100, 1);
    assertThat(simulation.mostRunning()).isEqualTo(places);
    int[] completed = new int[3];
    for (int rung = 0; rung < 3; rung++) {
      long step = Math.round(Math.pow(4, rung));
      List<TrialRecord> ranked =
          ended.trials().stream()
              .filter(trial -> trial.intermediateValues().containsKey(step))
              .sorted(
                  Comparator.comparingDouble(
                      trial -> -trial.intermediateValues().getOrDefault(step, Double.NaN)))
              .toList();
      completed[rung] = ranked.size();
      assertThat(ranked.subList(0, ranked.size() / 4))
          .as("the best of rung %d all went on", rung)
          .allMatch(trial -> trial.intermediateValues().lastKey() > step);
    }
    assertThat(completed[0]).isEqualTo(100);
    assertThat(completed[1]).as("some were among the best for a time").isBetween(25, 50);
    assertThat(simulation.steps()).isLessThan(100 * 64 / 6);
    assertThat(ended.best()).isPresent();
    assertThat(ended.trials()).allMatch(trial -> trial.state().isFinished());
  }

  @Test
  void hyperbandsBracketsBeginAtTheirOwnRungs() {
    HyperbandScheduler hyperband = HyperbandScheduler.defaults().withMaxResource(64);
    StudyRecord ended = simulation().run(() -> hyperband, 4, 100, 1);
    long[] budgets = hyperband.budgets(64);
    assertThat(budgets).containsExactly(27, 12, 6, 4);
    for (TrialRecord trial : ended.trials()) {
      int bracket = HyperbandScheduler.bracket(ended, trial, budgets);
      assertThat(trial.intermediateValues().lastKey())
          .isGreaterThanOrEqualTo(Math.round(Math.pow(3, bracket)))
          .isIn(1L, 3L, 9L, 27L, 64L);
    }
    assertThat(ended.best()).isPresent();
  }

  @Test
  void aNewSchedulerAnswersAsTheOldOne() {
    Simulation old = simulation();
    AshaScheduler asha = AshaScheduler.defaults().withMinResource(0);
    old.run(() -> asha, 3, 60, 5);
    Simulation young = simulation();
    young.run(() -> AshaScheduler.defaults().withMinResource(0), 3, 60, 5);
    assertThat(young.trace()).isEqualTo(old.trace());
  }
}
