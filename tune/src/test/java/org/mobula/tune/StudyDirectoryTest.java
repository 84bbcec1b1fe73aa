package org.mobula.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.PopulationBasedTraining;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class StudyDirectoryTest {
  private static final int TRIALS = 12;

  @TempDir private Path folder;

  private static List<String> trace(StudyResult result) {
    List<String> trace = new ArrayList<>();
    for (TrialRecord trial : result.study().trials()) {
      trace.add(
          trial.state()
              + " "
              + trial.parameters()
              + " "
              + trial.intermediateValues()
              + " "
              + trial.value());
    }
    return trace;
  }

  private StudyResult uninterrupted() {
    return ToyStudy.study(folder.resolve("whole"), TRIALS, 1)
        .optimize(trial -> ToyStudy.evaluate(trial, false));
  }

  @Test
  void aStudyThatIsRunAgainDoesNothingMore() {
    List<String> first = trace(uninterrupted());
    assertThat(first).hasSize(TRIALS).anyMatch(line -> line.startsWith("COMPLETE"));
    assertThat(trace(uninterrupted())).isEqualTo(first);
  }

  @Test
  void aStudyThatWasKilledGoesOnAsIfItHadNeverStopped() throws Exception {
    List<String> whole = trace(uninterrupted());
    for (String moment : List.of("trial 2 step 1", "trial 5 step 1", "trial 9 step 1")) {
      Path directory = folder.resolve(moment.replace(' ', '-'));
      kill(directory, moment);
      StudyResult resumed =
          ToyStudy.study(directory, TRIALS, 1).optimize(trial -> ToyStudy.evaluate(trial, false));
      assertThat(trace(resumed)).describedAs(moment).isEqualTo(whole);
    }
  }

  @Test
  void whereverItsJournalEndsItGoesOnAsIfItHadNeverStopped() throws Exception {
    List<String> whole = trace(uninterrupted());
    List<String> journal = Files.readAllLines(StudyDirectory.journal(folder.resolve("whole")));
    for (int lines = 2; lines < journal.size(); lines++) {
      // What a report brings about is written with it.
      String next = journal.get(lines);
      if (next.contains("\"op_code\":9") && !next.contains(Scheduler.PAUSED)) {
        continue;
      }
      Path directory = Files.createDirectory(folder.resolve("cut-" + lines));
      Files.write(StudyDirectory.journal(directory), journal.subList(0, lines));
      StudyResult resumed =
          ToyStudy.study(directory, TRIALS, 1).optimize(trial -> ToyStudy.evaluate(trial, false));
      assertThat(trace(resumed)).describedAs("cut off after line " + lines).isEqualTo(whole);
    }
  }

  /** Runs the study in a process of its own and kills that when it has said this. */
  private static void kill(Path directory, String moment) throws IOException, InterruptedException {
    Process process = start(directory);
    try (BufferedReader lines = process.inputReader()) {
      String line = lines.readLine();
      while (line != null && !line.equals(moment)) {
        line = lines.readLine();
      }
      assertThat(line).describedAs("the process ended before " + moment).isNotNull();
    } finally {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  private static Process start(Path directory) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            ToyStudy.class.getName(),
            directory.toString(),
            Integer.toString(TRIALS))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  @Test
  void twoProcessesShareAStudy() throws Exception {
    Path directory = folder.resolve("shared");
    Process other = start(directory);
    try (BufferedReader lines = other.inputReader()) {
      assertThat(lines.readLine()).isEqualTo("trial 0 step 1");
      StudyResult result =
          ToyStudy.study(directory, TRIALS, 1).optimize(trial -> ToyStudy.evaluate(trial, false));
      assertThat(lines.lines()).isNotEmpty();
      assertThat(other.waitFor()).isZero();
      assertThat(result.study().trials()).hasSizeGreaterThanOrEqualTo(TRIALS);
      StudyResult after =
          ToyStudy.study(directory, TRIALS, 1).optimize(trial -> ToyStudy.evaluate(trial, false));
      assertThat(after.study().trials())
          .allSatisfy(trial -> assertThat(trial.state().isFinished()).isTrue())
          .anySatisfy(trial -> assertThat(trial.state()).isEqualTo(TrialState.COMPLETE));
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void noTrialOfADeadProcessIsLeftRunningWhenTheStudyEnds() throws IOException {
    Path directory = Files.createDirectory(folder.resolve("dead"));
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    SearchSpace space = SearchSpace.of(x);
    try (Journal journal = Journal.open(StudyDirectory.journal(directory))) {
      StudyRecord study = journal.openStudy("study", List.of(Direction.MINIMIZE), space);
      for (double value : new double[] {1, 2}) {
        journal.createTrial(study, Map.of(x, value), Map.of(TrialSource.PROCESS, "dead"));
      }
    }
    StudyResult result =
        Study.builder(space)
            .directory(directory)
            .stop(StudyStop.defaults().withTarget(1.0))
            .build()
            .optimize(trial -> trial.get(x));
    assertThat(result.reason()).isEqualTo("trial 0 has reached 1.0");
    assertThat(result.study().trials())
        .extracting(TrialRecord::state)
        .containsExactly(TrialState.COMPLETE, TrialState.PRUNED);
  }

  @Test
  void aTrialThatReplacesAnotherBeginsWithWhatItsDonorLeft() {
    PopulationBasedTraining population =
        PopulationBasedTraining.defaults()
            .withPopulationSize(4)
            .withInterval(3)
            .withSynchronous(true);
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    StudyResult result =
        Study.builder(SearchSpace.of(x))
            .directory(folder.resolve("population"))
            .scheduler(population)
            .trials(4)
            .parallel(2)
            .build()
            .optimize(
                trial -> {
                  Path file = trial.directory().orElseThrow().resolve("steps");
                  long done = Files.exists(file) ? Long.parseLong(Files.readString(file)) : 0;
                  for (long step = done + 1; step <= 9; step++) {
                    Files.writeString(file, Long.toString(step));
                    if (trial.report(step, Math.abs(trial.get(x)) + 1.0 / step)
                        != Decision.CONTINUE) {
                      return Double.NaN;
                    }
                  }
                  return Math.abs(trial.get(x));
                });
    List<TrialRecord> copies =
        result.study().trials().stream()
            .filter(trial -> trial.systemAttributes().containsKey(TrialSource.COPIED_FROM))
            .toList();
    assertThat(copies)
        .isNotEmpty()
        .anySatisfy(
            trial ->
                assertThat(trial.intermediateValues()).containsOnlyKeys(4L, 5L, 6L, 7L, 8L, 9L));
    assertThat(copies)
        .filteredOn(trial -> !trial.intermediateValues().isEmpty())
        .allSatisfy(trial -> assertThat(trial.intermediateValues().firstKey() % 3).isEqualTo(1));
  }

  @Test
  void anotherSpaceIsRefused() {
    uninterrupted();
    Study other =
        Study.builder(SearchSpace.of(FloatParameter.uniform("x", -5, 6)))
            .name("toy")
            .directory(folder.resolve("whole"))
            .build();
    assertThatThrownBy(() -> other.optimize(trial -> 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("study toy is there already and searches something else");
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsSaid() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> ToyStudy.study(file, 1, 1).optimize(trial -> 1))
        .hasMessageContaining("the study's directory cannot be written");
  }
}
