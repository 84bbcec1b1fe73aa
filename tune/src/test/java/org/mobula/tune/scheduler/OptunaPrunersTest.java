package org.mobula.tune.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** Replays studies of Optuna 5.0.0; {@code scheduler_reference.py} made them. */
class OptunaPrunersTest {
  private record Case(Scheduler scheduler, Direction direction) {}

  private static final Map<String, Case> CASES =
      Map.ofEntries(
          minimize("asha", new AshaScheduler(1, 0, 2, 0, 0, false)),
          maximize("asha-maximize", new AshaScheduler(1, 0, 3, 0, 0, false)),
          minimize("asha-auto", new AshaScheduler(0, 0, 4, 0, 0, false)),
          minimize("asha-rate", new AshaScheduler(2, 0, 2, 1, 0, false)),
          maximize("asha-bootstrap", new AshaScheduler(1, 0, 2, 0, 3, false)),
          minimize("hyperband", new HyperbandScheduler(1, 27, 3, 0, false)),
          maximize("hyperband-auto", new HyperbandScheduler(1, 0, 2, 0, false)),
          minimize("hyperband-bootstrap", new HyperbandScheduler(2, 30, 2, 2, false)),
          minimize("median", PercentileScheduler.defaults()),
          maximize("median-late", new PercentileScheduler(50, 3, 4, 5, 4)),
          minimize("percentile", PercentileScheduler.defaults().withPercentile(25)),
          maximize("percentile-maximize", new PercentileScheduler(60, 0, 0, 1, 1)),
          minimize("threshold", new ThresholdScheduler(-0.1, 1.3, 3, 2)));

  private static Map.Entry<String, Case> minimize(String name, Scheduler scheduler) {
    return Map.entry(name, new Case(scheduler, Direction.MINIMIZE));
  }

  private static Map.Entry<String, Case> maximize(String name, Scheduler scheduler) {
    return Map.entry(name, new Case(scheduler, Direction.MAXIMIZE));
  }

  static Iterable<String> cases() {
    return CASES.keySet();
  }

  private static JsonNode recorded() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            OptunaPrunersTest.class.getResourceAsStream("/scheduler/optuna.json"))) {
      return new ObjectMapper().readTree(in);
    }
  }

  @Test
  void everyRecordedCaseIsTested() throws IOException {
    assertThat(recorded().get("cases").fieldNames())
        .toIterable()
        .containsExactlyInAnyOrderElementsOf(CASES.keySet());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyDecisionIsOptunas(String name) throws IOException {
    Case tested = Objects.requireNonNull(CASES.get(name));
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy(name, List.of(tested.direction()));
    int stopped = 0;
    for (JsonNode event : recorded().get("cases").get(name)) {
      if (event.size() == 1) {
        journal.createTrial(study, Map.of(), Map.of());
        continue;
      }
      TrialRecord trial = study.trials().get(event.get(0).asInt());
      if (event.size() == 2) {
        journal.setState(trial, TrialState.COMPLETE, event.get(1).asDouble());
        continue;
      }
      long step = event.get(1).asLong();
      double value = event.get(2).isNull() ? Double.NaN : event.get(2).asDouble();
      journal.report(trial, step, value);
      Verdict verdict = tested.scheduler().onReport(study, trial, step);
      boolean pruned = event.get(3).asBoolean();
      assertThat(verdict.decision())
          .as("trial %d at step %d", trial.number(), step)
          .isEqualTo(pruned ? Decision.STOP : Decision.CONTINUE);
      verdict.attributes().forEach((key, set) -> journal.setSystemAttribute(trial, key, set));
      if (pruned) {
        journal.setState(trial, TrialState.PRUNED);
        stopped++;
      }
    }
    assertThat(stopped).isPositive();
  }

  @Test
  void hyperbandsBracketsAreOptunas() throws IOException {
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("brackets", List.of(Direction.MINIMIZE));
    for (int i = 0; i < 20; i++) {
      journal.createTrial(study, Map.of(), Map.of());
    }
    for (JsonNode expected : recorded().get("hyperband-brackets")) {
      HyperbandScheduler hyperband =
          HyperbandScheduler.defaults()
              .withReductionFactor(expected.get("reduction-factor").asInt());
      long[] budgets = hyperband.budgets(expected.get("max-resource").asLong());
      assertThat(budgets).containsExactly(longs(expected.get("budgets")));
      assertThat(
              study.trials().stream()
                  .mapToLong(trial -> HyperbandScheduler.bracket(study, trial, budgets))
                  .toArray())
          .containsExactly(longs(expected.get("brackets")));
    }
  }

  private static long[] longs(JsonNode numbers) {
    return StreamSupport.stream(numbers.spliterator(), false).mapToLong(JsonNode::asLong).toArray();
  }
}
