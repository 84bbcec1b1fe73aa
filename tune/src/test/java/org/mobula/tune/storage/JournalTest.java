package org.mobula.tune.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.SearchSpace;

/** What a journal promises, in memory and in a file; in the file also of what is read again. */
@ParameterizedClass
@ValueSource(booleans = {false, true})
class JournalTest {
  private static final FloatParameter X = FloatParameter.uniform("x", 0, 1);
  private static final List<Direction> MINIMIZE = List.of(Direction.MINIMIZE);

  @Parameter boolean inFile;
  @TempDir Path folder;
  private Journal journal;

  @BeforeEach
  void open() {
    journal = inFile ? Journal.open(folder.resolve("study.log")) : Journal.inMemory();
  }

  @AfterEach
  void readAgain() {
    if (inFile) {
      try (Journal again = Journal.open(folder.resolve("study.log"))) {
        assertThat(Json.text(JournalProcess.dump(again)))
            .isEqualTo(Json.text(JournalProcess.dump(journal)));
      }
    }
    journal.close();
  }

  private TrialRecord running(StudyRecord study) {
    return journal.createTrial(study, Map.of(X, 0.5), Map.of());
  }

  @Test
  void studiesHaveUniqueNames() {
    StudyRecord first = journal.createStudy("a", MINIMIZE);
    StudyRecord second = journal.createStudy("b", List.of(Direction.MAXIMIZE, Direction.MINIMIZE));
    assertThatThrownBy(() -> journal.createStudy("a", MINIMIZE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is a study a already");
    assertThat(journal.studies()).containsExactly(first, second);
    assertThat(List.of(first.id(), second.id())).containsExactly(0, 1);
    assertThat(journal.study("b")).containsSame(second);
    assertThat(journal.study("c")).isEmpty();
    assertThatThrownBy(() -> journal.createStudy("c", List.of()))
        .hasMessageContaining("has no directions");
  }

  @Test
  void idsAreNotGivenAgain() {
    StudyRecord first = journal.createStudy("a", MINIMIZE);
    TrialRecord trial = running(first);
    journal.deleteStudy(first);
    assertThat(journal.studies()).isEmpty();
    assertThatThrownBy(() -> running(first))
        .hasMessageContaining("there is no study with the id 0");
    assertThatThrownBy(() -> journal.deleteStudy(first)).isInstanceOf(IllegalStateException.class);
    StudyRecord again = journal.createStudy("a", MINIMIZE);
    assertThat(again.id()).isEqualTo(1);
    assertThat(running(again).id()).isEqualTo(trial.id() + 1);
    assertThat(again.trials().get(0).number()).isZero();
  }

  @Test
  void attributesAreJson() {
    StudyRecord study = journal.createStudy("a", MINIMIZE);
    TrialRecord trial = running(study);
    List<Object> list = new ArrayList<>(Arrays.asList(1, 2.5f, "é", null, TrialState.FAIL));
    journal.setUserAttribute(study, "list", list);
    list.clear();
    journal.setUserAttribute(trial, "numbers", new double[] {1, Double.NaN});
    journal.setSystemAttribute(trial, "map", Map.of("a", Map.of("b", true)));
    journal.setSystemAttribute(study, "again", 1);
    journal.setSystemAttribute(study, "again", "other");
    assertThat(study.userAttributes())
        .isEqualTo(Map.of("list", Arrays.asList(1L, 2.5, "é", null, "FAIL")));
    assertThat(trial.userAttributes()).isEqualTo(Map.of("numbers", List.of(1.0, Double.NaN)));
    assertThat(trial.systemAttributes()).isEqualTo(Map.of("map", Map.of("a", Map.of("b", true))));
    assertThat(study.systemAttributes()).isEqualTo(Map.of("again", "other"));
    assertThatThrownBy(() -> journal.setUserAttribute(trial, "k", new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be a text, a number, a boolean");
  }

  @Test
  void trialsRunReportAndEnd() {
    StudyRecord study = journal.createStudy("a", MINIMIZE);
    TrialRecord trial = running(study);
    assertThat(trial.state()).isEqualTo(TrialState.RUNNING);
    assertThat(trial.started()).isPresent();
    journal.report(trial, 3, 1);
    journal.report(trial, 1, Double.NEGATIVE_INFINITY);
    journal.report(trial, 3, 2);
    assertThat(trial.intermediateValues()).isEqualTo(Map.of(1L, Double.NEGATIVE_INFINITY, 3L, 2.0));
    journal.setState(trial, TrialState.COMPLETE, 7);
    assertThat(trial.values()).containsExactly(7);
    assertThat(trial.ended()).isPresent();
    assertThatThrownBy(() -> journal.report(trial, 4, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("trial 0 of study a has ended (COMPLETE) and does not change any more");
    assertThatThrownBy(() -> journal.setState(trial, TrialState.RUNNING))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> journal.setUserAttribute(trial, "k", 1))
        .isInstanceOf(IllegalStateException.class);
    assertThat(study.best()).containsSame(trial);
  }

  @Test
  void aWaitingTrialBelongsToTheFirst() {
    StudyRecord study = journal.createStudy("a", MINIMIZE);
    TrialRecord trial = journal.enqueue(study, Map.of("fixed_params", Map.of("x", 0.5)));
    assertThat(trial.started()).isEmpty();
    journal.setState(trial, TrialState.RUNNING);
    assertThat(trial.started()).isPresent();
    assertThatThrownBy(() -> journal.setState(trial, TrialState.RUNNING))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("somebody else has begun it");
  }

  @Test
  void aNameKeepsItsKind() {
    StudyRecord study = journal.createStudy("a", MINIMIZE);
    TrialRecord first = journal.enqueue(study, Map.of());
    TrialRecord second = journal.enqueue(study, Map.of());
    journal.setParameter(second, X, 0.5);
    journal.setParameter(second, CategoricalParameter.of("c", "a", 1), 1);
    // Another range is allowed, as in Optuna.
    journal.setParameter(first, FloatParameter.stepped("x", -5, 5, 1), -3);
    assertThatThrownBy(() -> journal.setParameter(first, IntParameter.uniform("x", 0, 1), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("of trial 0");
    assertThatThrownBy(() -> journal.setParameter(first, FloatParameter.log("x", 1, 2), 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> journal.setParameter(first, CategoricalParameter.of("c", "a", 2), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a name keeps its kind");
    assertThat(first.parameterValues()).isEqualTo(Map.of("x", -3.0));
    assertThat(second.parameterValues()).isEqualTo(Map.of("x", 0.5, "c", 1L));
    assertThatThrownBy(() -> journal.createTrial(study, Map.of(X, 1.5), Map.of()))
        .hasMessageContaining("1.5 is no value of");
  }

  @Test
  void togetherKeepsWhatWasDoneBeforeAFailure() {
    StudyRecord study = journal.createStudy("a", MINIMIZE);
    assertThatThrownBy(
            () ->
                journal.together(
                    () -> {
                      running(study);
                      throw new IllegalStateException("no more");
                    }))
        .hasMessage("no more");
    assertThat(journal.together(() -> running(study)).number()).isEqualTo(1);
  }

  @Test
  void whoJoinsSearchesTheSame() {
    CategoricalParameter kind = CategoricalParameter.of("kind", "a", 1, 2.5, true);
    SearchSpace space =
        SearchSpace.builder().add(kind).add(X, Condition.when("kind", "a", 1)).build();
    StudyRecord study = journal.openStudy("a", MINIMIZE, space);
    assertThat(journal.openStudy("a", MINIMIZE, space)).isSameAs(study);
    assertThatThrownBy(() -> journal.openStudy("a", List.of(Direction.MAXIMIZE), space))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the directions are [MINIMIZE] in the study and [MAXIMIZE] here");
    assertThat(differenceOf(SearchSpace.builder().add(kind).add(X).build()))
        .contains("x: condition is {")
        .contains("in the study and absent here");
    assertThat(
            differenceOf(
                SearchSpace.builder()
                    .add(kind)
                    .add(FloatParameter.uniform("x", 0, 2), Condition.when("kind", "a", 1))
                    .build()))
        .contains("x: high is 1.0 in the study and 2.0 here");
    assertThat(
            differenceOf(
                SearchSpace.builder()
                    .add(kind)
                    .add(X, Condition.when("kind", "a", 1))
                    .constraint("small", values -> true)
                    .build()))
        .contains("the constraints are [] in the study and [small] here");
    // One that was made without a space takes that of the first who has one.
    StudyRecord bare = journal.createStudy("b", MINIMIZE);
    assertThat(journal.openStudy("b", MINIMIZE, space)).isSameAs(bare);
    assertThat(bare.systemAttributes()).containsKey(Journal.SPACE);
  }

  private String differenceOf(SearchSpace space) {
    try {
      journal.openStudy("a", MINIMIZE, space);
      return "none";
    } catch (IllegalArgumentException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
