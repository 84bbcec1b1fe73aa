package org.mobula.tune.sampler;

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

class CmaEsSamplerTest extends SamplerContract {
  private static final FloatParameter X = FloatParameter.uniform("x", -5, 5);
  private static final FloatParameter Y = FloatParameter.uniform("y", -5, 5);
  private static final SearchSpace PLANE = SearchSpace.of(X, Y);

  @Override
  protected Sampler create() {
    return new CmaEsSampler();
  }

  private static TrialRecord begin(Journal journal, StudyRecord study, Sampler sampler) {
    Suggestion suggestion =
        sampler.suggest(
            new SamplingRequest(study, PLANE, study.trials().size(), 0, SeedSequence.of(3)));
    Map<String, Double> values = suggestion.values();
    return journal.createTrial(
        study, Map.of(X, value(values, "x"), Y, value(values, "y")), suggestion.attributes());
  }

  private static double value(Map<String, Double> values, String name) {
    return values.getOrDefault(name, Double.NaN);
  }

  private static double slope(TrialRecord trial) {
    double x = value(trial.parameters(), "x") - 1;
    double y = value(trial.parameters(), "y") + 2;
    return x * x + 100 * y * y;
  }

  @Test
  void findsTheBottomOfAValley() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
      Sampler sampler = create();
      for (int i = 0; i < 600; i++) {
        TrialRecord trial = begin(journal, study, sampler);
        journal.setState(trial, TrialState.COMPLETE, slope(trial));
      }
      assertThat(study.best().orElseThrow().value()).isLessThan(1e-8);
    }
  }

  @Test
  void goesOnElsewhereWhenAllIsFlat() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
      Sampler sampler = create();
      for (int i = 0; i < 400; i++) {
        journal.setState(begin(journal, study, sampler), TrialState.COMPLETE, 1);
      }
      assertThat(study.trials().stream().map(CmaEsSamplerTest::toldCount)).contains(6, 12);
    }
  }

  private static int toldCount(TrialRecord trial) {
    return trial.systemAttributes().get(CmaEsSampler.TOLD) instanceof List<?> told
        ? told.size()
        : 0;
  }

  @Test
  void anEarlierTrialThatEndsLateDoesNotChangeWhatWasDecided() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
      Sampler longLived = create();
      List<TrialRecord> running = new ArrayList<>();
      for (int i = 0; i < 120; i++) {
        running.add(begin(journal, study, longLived));
        // The newest of four ends first, and every seventh breaks.
        if (running.size() == 4) {
          TrialRecord trial = running.remove(3 - i % 3);
          if (i % 7 == 0) {
            journal.setState(trial, TrialState.FAIL);
          } else {
            journal.setState(trial, TrialState.COMPLETE, slope(trial));
          }
        }
        SamplingRequest request =
            new SamplingRequest(study, PLANE, study.trials().size(), 0, SeedSequence.of(3));
        assertThat(create().suggest(request)).isEqualTo(longLived.suggest(request));
      }
      assertThat(study.trials().get(119).systemAttributes())
          .extractingByKey(CmaEsSampler.GENERATION)
          .isEqualTo(13L);
    }
  }

  @Test
  void refusesAFirstSigmaThatIsNoShare() {
    assertThatThrownBy(() -> new CmaEsSampler(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the first sigma is 0.0 but must be > 0 and at most 1: it is a share of each range");
  }
}
