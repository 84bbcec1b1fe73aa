package org.mobula.tune.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class SchedulersTest {
  private static final double NAN = Double.NaN;

  private final Journal journal = Journal.inMemory();

  private List<Decision> decisions(Scheduler scheduler, StudyRecord study, double... values) {
    TrialRecord trial = journal.createTrial(study, Map.of(), Map.of());
    List<Decision> decisions = new ArrayList<>();
    for (int step = 0; step < values.length; step++) {
      journal.report(trial, step, values[step]);
      decisions.add(scheduler.onReport(study, trial, step).decision());
    }
    return decisions;
  }

  private StudyRecord study(Direction direction) {
    return journal.createStudy(direction.name(), List.of(direction));
  }

  private static List<Decision> stopAt(int step) {
    List<Decision> decisions = new ArrayList<>();
    for (int i = 0; i < step; i++) {
      decisions.add(Decision.CONTINUE);
    }
    decisions.add(Decision.STOP);
    return decisions;
  }

  @Test
  void patienceEndsAfterReportsWithoutImprovement() {
    PatienceScheduler patience = new PatienceScheduler(2, 0.1);
    StudyRecord smaller = study(Direction.MINIMIZE);
    assertThat(decisions(patience, smaller, 5, 4, 3, 2.95, 2.91)).isEqualTo(stopAt(4));
    assertThat(decisions(patience, smaller, 5, NAN, 4, NAN, NAN)).isEqualTo(stopAt(4));
    assertThat(decisions(patience, smaller, NAN, NAN, NAN)).isEqualTo(stopAt(2));
    assertThat(decisions(patience, smaller, NAN, NAN, 1, 2)).containsOnly(Decision.CONTINUE);
    StudyRecord larger = study(Direction.MAXIMIZE);
    assertThat(decisions(patience, larger, 5, 4, 3)).isEqualTo(stopAt(2));
    assertThat(decisions(patience, larger, 1, 2, 3, 4)).containsOnly(Decision.CONTINUE);
  }

  @Test
  void aThresholdIsHeldAfterTheWarmup() {
    ThresholdScheduler threshold = new ThresholdScheduler(0, 1, 2, 1);
    StudyRecord study = study(Direction.MINIMIZE);
    assertThat(decisions(threshold, study, 2, 2, 2)).isEqualTo(stopAt(2));
    assertThat(decisions(threshold, study, NAN, 0, 1, -0.1)).isEqualTo(stopAt(3));
    assertThat(decisions(ThresholdScheduler.defaults(), study, 1e300, NAN)).isEqualTo(stopAt(1));
    assertThatThrownBy(() -> threshold.withLower(2))
        .hasMessageContaining("lower is 2 but must be ≤ upper (1.0)");
  }

  @Test
  void theMedianRuleByHand() {
    StudyRecord study = study(Direction.MAXIMIZE);
    PercentileScheduler median = PercentileScheduler.defaults().withStartupTrials(3);
    for (double value : new double[] {1, 2, 9}) {
      assertThat(decisions(median, study, value, value)).containsOnly(Decision.CONTINUE);
      journal.setState(study.trials().get(study.trials().size() - 1), TrialState.COMPLETE, value);
    }
    assertThat(decisions(median, study, 2, 1)).as("best 2").containsOnly(Decision.CONTINUE);
    assertThat(decisions(median, study, 1.9)).isEqualTo(stopAt(0));
    assertThat(decisions(median, study, NAN)).isEqualTo(stopAt(0));
  }

  @Test
  void anyMayStopOrPause() {
    StudyRecord study = study(Direction.MINIMIZE);
    Scheduler any =
        Scheduler.anyOf(
            new ThresholdScheduler(0, 10, 0, 1), AshaScheduler.defaults(), new NoScheduler());
    TrialRecord good = journal.createTrial(study, Map.of(), Map.of());
    journal.report(good, 1, 5);
    assertThat(any.onReport(study, good, 1))
        .isEqualTo(new Verdict(Decision.PAUSE, Map.of("completed_rung_0", 5.0)));
    TrialRecord bad = journal.createTrial(study, Map.of(), Map.of());
    journal.report(bad, 1, 11);
    assertThat(any.onReport(study, bad, 1).decision()).isEqualTo(Decision.STOP);

    SearchSpace space = SearchSpace.of(FloatParameter.uniform("x", 0, 1));
    SeedSequence seed = SeedSequence.of(0);
    assertThat(any.next(study, space, seed, true)).isEqualTo(Next.SAMPLE);
    assertThat(any.next(study, space, seed, false)).isEqualTo(Next.WAIT);
    journal.setState(bad, TrialState.PRUNED);
    journal.setSystemAttribute(good, "completed_rung_0", 5.0);
    journal.setSystemAttribute(good, Scheduler.PAUSED, true);
    assertThat(any.next(study, space, seed, false)).isEqualTo(new Next.Resume(0));
  }
}
