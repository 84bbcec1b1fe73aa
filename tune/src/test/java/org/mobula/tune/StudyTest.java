package org.mobula.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.Next;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.scheduler.Verdict;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class StudyTest {
  private static final FloatParameter X = FloatParameter.uniform("x", -5, 5);
  private static final SearchSpace LINE = SearchSpace.of(X);

  private static List<Object> trace(StudyResult result) {
    return result.study().trials().stream()
        .<Object>map(
            trial ->
                List.of(
                    trial.state(),
                    trial.parameters(),
                    trial.value(),
                    trial.intermediateValues().toString()))
        .toList();
  }

  @Test
  void findsTheSmallestOfItsTrials() {
    StudyResult result =
        Study.builder(LINE).trials(200).build().optimize(trial -> Math.pow(trial.get(X) - 1, 2));
    assertThat(result.study().trials()).hasSize(200);
    assertThat(result.best().value()).isLessThan(0.02);
    assertThat(result.best().value())
        .isEqualTo(
            result.study().trials().stream().mapToDouble(TrialRecord::value).min().orElseThrow());
    assertThat(result.reason()).isEqualTo("all 200 trials are done");
  }

  @Test
  void theSameSeedGivesTheSameStudyAlsoInParallel() {
    for (int parallel : new int[] {1, 4}) {
      Study.Builder builder = Study.builder(LINE).trials(40).parallel(parallel).seed(7);
      Objective objective =
          trial -> {
            for (int step = 0; step < 3; step++) {
              trial.report(step, trial.get(X) + step);
            }
            return trial.get(X);
          };
      List<Object> first = trace(builder.build().optimize(objective));
      assertThat(trace(builder.build().optimize(objective))).isEqualTo(first);
      assertThat(trace(builder.seed(8).build().optimize(objective))).isNotEqualTo(first);
    }
  }

  @Test
  void anObjectiveSeesParametersOfEachKindAndOnlyThoseWhoseConditionIsMet() {
    IntParameter layers = IntParameter.uniform("layers", 1, 3);
    CategoricalParameter kind = CategoricalParameter.of("kind", "a", "b");
    FloatParameter onlyB = FloatParameter.log("only-b", 0.1, 10);
    SearchSpace space =
        SearchSpace.builder().add(layers).add(kind).add(onlyB, Condition.when("kind", "b")).build();
    StudyResult result =
        Study.builder(space)
            .trials(30)
            .build()
            .optimize(
                trial -> trial.get(layers) + (trial.get(kind).equals("b") ? trial.get(onlyB) : 0));
    assertThat(result.study().trials())
        .allSatisfy(
            trial ->
                assertThat(trial.parameters().containsKey("only-b"))
                    .isEqualTo("b".equals(trial.parameterValues().get("kind"))));
    StudyResult wrong = Study.builder(space).trials(1).build().optimize(trial -> trial.get(X) * 1);
    assertThat(wrong.study().trials().get(0).systemAttributes().get(TrialRecord.FAILURE))
        .asString()
        .contains("trial 0 has no parameter x: it is not in the space");
  }

  @Test
  void aTrialThatThrowsOrIsNotANumberHasFailedAndSaysWhy() {
    StudyResult result =
        Study.builder(LINE)
            .trials(3)
            .build()
            .optimize(
                trial -> {
                  if (trial.number() == 0) {
                    throw new IllegalStateException("no luck");
                  }
                  return trial.number() == 1 ? Double.NaN : 1;
                });
    assertThat(result.study().trials())
        .extracting(TrialRecord::state)
        .containsExactly(TrialState.FAIL, TrialState.FAIL, TrialState.COMPLETE);
    assertThat(result.study().trials())
        .extracting(trial -> String.valueOf(trial.systemAttributes().get(TrialRecord.FAILURE)))
        .containsExactly("java.lang.IllegalStateException: no luck", "its value is NaN", "null");
  }

  @Test
  void aFailedTrialIsTriedAgainWithItsParameters() {
    StudyResult result =
        Study.builder(LINE)
            .trials(2)
            .retries(2)
            .build()
            .optimize(
                trial -> {
                  if (trial.number() == 0 || trial.number() == 1) {
                    throw new IllegalStateException("no luck");
                  }
                  return trial.get(X);
                });
    List<TrialRecord> trials = result.study().trials();
    assertThat(trials).hasSize(4);
    assertThat(trials.subList(1, 3))
        .allSatisfy(trial -> assertThat(trial.parameters()).isEqualTo(trials.get(0).parameters()));
    assertThat(trials.get(2).systemAttributes().get("retry_history")).isEqualTo(List.of(0L, 1L));
    assertThat(trials.get(2).state()).isEqualTo(TrialState.COMPLETE);
    assertThat(trials.get(3).parameters()).isNotEqualTo(trials.get(0).parameters());
  }

  @Test
  void tooManyFailuresOrAnObjectiveThatGivesUpEndTheStudy() {
    Study study = Study.builder(LINE).trials(10).mostFailures(2).build();
    assertThatThrownBy(
            () ->
                study.optimize(
                    trial -> {
                      throw new IllegalStateException("never");
                    }))
        .isInstanceOf(StudyException.class)
        .hasMessage(
            "3 trials have failed, the last one because java.lang.IllegalStateException: never");
    assertThatThrownBy(
            () ->
                study.optimize(
                    trial -> {
                      throw new StudyException("there is no metric fun; there are loss and reward");
                    }))
        .hasMessage("trial 0: there is no metric fun; there are loss and reward");
  }

  @Test
  void constraintsAreKeptAndContradictionsFound() {
    SearchSpace space =
        SearchSpace.builder()
            .add(X)
            .constraint("x > 4.9", values -> values.get("x") instanceof Double x && x > 4.9)
            .build();
    StudyResult result = Study.builder(space).trials(5).build().optimize(trial -> trial.get(X));
    assertThat(result.study().trials())
        .allSatisfy(trial -> assertThat(trial.parameters().get("x")).isGreaterThan(4.9));
    SearchSpace contradiction =
        SearchSpace.builder()
            .add(X)
            .constraint("x > 5", values -> values.get("x") instanceof Double x && x > 5)
            .build();
    assertThatThrownBy(() -> Study.builder(contradiction).build().optimize(trial -> 1))
        .isInstanceOf(StudyException.class)
        .hasMessageContaining("all broke the constraint x > 5");
  }

  @Test
  void endsAtATargetAndWithoutImprovement() {
    StudyStop target = StudyStop.defaults().withTarget(3.0);
    StudyResult reached =
        Study.builder(LINE).maximize().stop(target).build().optimize(trial -> trial.number());
    assertThat(reached.study().trials()).hasSize(4);
    assertThat(reached.reason()).isEqualTo("trial 3 has reached 3.0");
    StudyStop patience = StudyStop.defaults().withTrialsWithoutImprovement(5);
    StudyResult stuck =
        Study.builder(LINE).stop(patience).build().optimize(trial -> trial.number());
    assertThat(stuck.study().trials()).hasSize(6);
  }

  @Test
  void aTrialThatTakesTooLongHasFailedAndTheOthersGoOn() {
    StudyResult result =
        Study.builder(LINE)
            .trials(3)
            .trialTimeout(Duration.ofMillis(300))
            .build()
            .optimize(
                trial -> {
                  if (trial.number() == 1) {
                    new CountDownLatch(1).await();
                  }
                  return trial.get(X);
                });
    assertThat(result.study().trials())
        .extracting(TrialRecord::state)
        .containsExactly(TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE);
    assertThat(result.study().trials().get(1).systemAttributes().get(TrialRecord.FAILURE))
        .isEqualTo("it ran for longer than PT0.3S");
  }

  /** Pauses each trial once, and goes on with paused ones when no other may begin. */
  private static final class PauseOnce implements Scheduler {
    @Override
    public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
      return step == 1 ? Verdict.of(Decision.PAUSE) : Verdict.CONTINUE;
    }

    @Override
    public Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
      if (mayBegin) {
        return Next.SAMPLE;
      }
      return study.trials().stream()
          .filter(Scheduler::isPaused)
          .findFirst()
          .<Next>map(trial -> new Next.Resume(trial.number()))
          .orElse(new Next.Wait());
    }
  }

  @Test
  void aPausedTrialIsResumedWhereItStopped() {
    StudyResult result =
        Study.builder(LINE)
            .trials(3)
            .parallel(2)
            .scheduler(new PauseOnce())
            .build()
            .optimize(
                trial -> {
                  for (long step = trial.lastStep() + 1; step < 4; step++) {
                    if (trial.report(step, (double) step) == Decision.PAUSE) {
                      return Double.NaN;
                    }
                  }
                  return (double) trial.lastStep();
                });
    assertThat(result.study().trials())
        .allSatisfy(
            trial -> {
              assertThat(trial.state()).isEqualTo(TrialState.COMPLETE);
              assertThat(trial.value()).isEqualTo(1);
              assertThat(trial.intermediateValues()).hasSize(4);
            });
  }

  @Test
  void trialsAskedForComeFirstAndTheSamplerChoosesTheRest() {
    IntParameter n = IntParameter.uniform("n", 1, 3);
    Study.Builder builder = Study.builder(SearchSpace.of(X, n)).trials(3);
    StudyResult result = builder.enqueue(Map.of("n", 2)).build().optimize(trial -> trial.get(n));
    assertThat(result.study().trials()).hasSize(3);
    assertThat(result.study().trials().get(0).parameters())
        .containsEntry("n", 2.0)
        .containsKey("x");
    assertThatThrownBy(() -> builder.enqueue(Map.of("n", 4)).build().optimize(trial -> 1))
        .hasMessage("n is 4 but must be an integer from 1 to 3 in steps of 1");
  }

  @Test
  void severalObjectives() {
    StudyResult result =
        Study.builder(LINE)
            .directions(Direction.MINIMIZE, Direction.MAXIMIZE)
            .trials(4)
            .build()
            .optimizeMany(trial -> new double[] {trial.get(X), 2});
    assertThat(result.study().trials())
        .allSatisfy(trial -> assertThat(trial.values()).hasSize(2).endsWith(2));
  }

  @Test
  void noMoreTrialsAtOnceThanTheRuntimeHasResourcesFor() {
    try (TaskRuntime runtime =
        LocalTaskRuntime.builder().resources(Resources.cpu(4).with("licence", 2)).build()) {
      StudyResult result =
          Study.builder(LINE)
              .trials(20)
              .parallel(8)
              .trialResources(Resources.ONE_CPU.with("licence", 1))
              .runtime(runtime)
              .listener(
                  new StudyListener() {
                    @Override
                    public void onStart(StudyRecord study, TrialRecord trial) {
                      long running =
                          study.trials().stream()
                              .filter(each -> each.state() == TrialState.RUNNING)
                              .count();
                      assertThat(running).isLessThanOrEqualTo(2);
                    }
                  })
              .build()
              .optimize(trial -> trial.get(X));
      assertThat(result.study().trials()).hasSize(20);
    }
  }

  @Test
  void whatTrialsStartCountsToo() {
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(4).build()) {
      Study.Builder study =
          Study.builder(LINE)
              .trials(3)
              .parallel(4)
              .runtime(runtime)
              .nestedResources(Resources.cpu(2));
      StudyResult result =
          study
              .build()
              .optimize(trial -> runtime.get(runtime.submit(context -> 2.0)) * trial.get(X));
      assertThat(result.study().trials())
          .hasSize(3)
          .allSatisfy(trial -> assertThat(trial.state()).isEqualTo(TrialState.COMPLETE));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> study.nestedResources(Resources.cpu(4)).build().optimize(trial -> 0))
          .withMessage("a trial takes CPU 5 with all that it starts, but the runtime has CPU 4");
    }
  }
}
