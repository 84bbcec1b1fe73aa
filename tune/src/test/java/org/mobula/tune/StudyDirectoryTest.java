package org.mobula.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.tune.sampler.AutoSampler;
import org.mobula.tune.sampler.CmaEsSampler;
import org.mobula.tune.sampler.GaussianProcessSampler;
import org.mobula.tune.sampler.GridSampler;
import org.mobula.tune.sampler.NsgaIISampler;
import org.mobula.tune.sampler.QuasiRandomSampler;
import org.mobula.tune.sampler.RandomSampler;
import org.mobula.tune.sampler.Sampler;
import org.mobula.tune.sampler.TpeSampler;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.PopulationBasedTraining;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
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
  void aStudyIsItselfWhateverItsDirectoryIsCalled() throws IOException {
    Path one = folder.resolve("one");
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    Study.Builder builder = Study.builder(SearchSpace.of(x)).seed(4);
    Objective objective =
        trial -> {
          Files.writeString(trial.directory().orElseThrow().resolve("number"), "" + trial.get(x));
          return trial.get(x);
        };
    builder.name("one").directory(one).trials(2).build().optimize(objective);
    Path two = Files.move(one, folder.resolve("two"));
    String first = Files.readString(StudyDirectory.trial(two, 0).resolve("number"));
    StudyResult result = builder.name("two").directory(two).trials(3).build().optimize(objective);
    assertThat(result.study().name()).isEqualTo("one");
    assertThat(result.study().trials()).hasSize(3);
    assertThat(Files.readString(StudyDirectory.trial(two, 0).resolve("number"))).isEqualTo(first);
    assertThat(StudyDirectory.trial(two, 2).resolve("number")).exists();
    try (Journal journal = Journal.read(StudyDirectory.journal(two))) {
      assertThat(journal.studies()).hasSize(1);
    }
  }

  static Stream<Sampler> samplers() {
    return Stream.of(
        new AutoSampler(20),
        new RandomSampler(),
        new TpeSampler(3, 24),
        new CmaEsSampler(),
        new GaussianProcessSampler(3),
        new NsgaIISampler(4),
        QuasiRandomSampler.sobol(),
        new GridSampler(3));
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void whatIsAskedForAndCannotBeEndsThatTrialAlone(Sampler sampler) throws IOException {
    Path directory = Files.createDirectory(folder.resolve("foreign"));
    FloatParameter rate = FloatParameter.log("rate", 1e-4, 1e-2);
    IntParameter layers = IntParameter.uniform("layers", 1, 3);
    SearchSpace space = SearchSpace.of(rate, layers, CategoricalParameter.of("kind", "a", "b"));
    List<Map<String, Object>> asked =
        List.of(
            Map.of("rate", 0.02),
            Map.of("rate", 0.002, "rat", 1),
            Map.of("rate", "high"),
            Map.of("rate", Double.NaN),
            Map.of("layers", 1L << 62),
            Map.of("layers", 7),
            Map.of("layers", 2.5),
            Map.of("kind", "z"),
            Map.of("kind", List.of(1)));
    try (Journal journal = Journal.open(StudyDirectory.journal(directory))) {
      StudyRecord study = journal.createStudy("theirs", List.of(Direction.MINIMIZE));
      for (Map<String, Object> values : asked) {
        journal.enqueue(study, Map.of("fixed_params", values));
      }
    }
    List<String> warnings = new ArrayList<>();
    StudyResult result =
        Study.builder(space)
            .directory(directory)
            .sampler(sampler)
            .trials(20)
            .listener(
                new StudyListener() {
                  @Override
                  public void onWarning(String warning) {
                    warnings.add(warning);
                  }
                })
            .build()
            .optimize(trial -> trial.get(rate) + trial.get(layers));
    assertThat(result.study().name()).isEqualTo("theirs");
    assertThat(result.study().trials()).hasSize(20);
    assertThat(result.study().trials())
        .extracting(TrialRecord::state)
        .startsWith(
            TrialState.COMPLETE,
            TrialState.COMPLETE,
            TrialState.FAIL,
            TrialState.FAIL,
            TrialState.FAIL,
            TrialState.COMPLETE,
            TrialState.FAIL,
            TrialState.FAIL,
            TrialState.FAIL)
        .endsWith(TrialState.COMPLETE, TrialState.COMPLETE)
        .doesNotContain(TrialState.RUNNING, TrialState.WAITING);
    List<TrialRecord> trials = result.study().trials();
    assertThat(trials.get(0).parameterValues()).containsEntry("rate", 0.02);
    assertThat(trials.get(5).parameterValues()).containsEntry("layers", 7L);
    assertThat(trials.get(2).systemAttributes())
        .containsEntry("fail_reason", "rate is high but must be a number from 1.0E-4 to 0.01");
    assertThat(warnings)
        .hasSize(3)
        .anyMatch(
            warning ->
                warning.startsWith("trial 0 was asked for with rate = 0.02, which is outside"))
        .anyMatch(
            warning ->
                warning.equals(
                    "trial 1 was asked for with rat, which is not in the space and is left out"));
  }

  @Test
  void aTrialThatWasAskedForAndBegunByADeadProcessIsGivenItsValues() throws IOException {
    Path directory = Files.createDirectory(folder.resolve("half"));
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    SearchSpace space = SearchSpace.of(x, FloatParameter.uniform("y", -5, 5));
    try (Journal journal = Journal.open(StudyDirectory.journal(directory))) {
      StudyRecord study = journal.openStudy("study", List.of(Direction.MINIMIZE), space);
      TrialRecord trial =
          journal.enqueue(
              study, Map.of("fixed_params", Map.of("y", 3), TrialSource.PROCESS, "dead"));
      journal.setState(trial, TrialState.RUNNING);
      journal.setParameter(trial, x, 1);
    }
    StudyResult result =
        Study.builder(space).directory(directory).trials(1).build().optimize(trial -> 1);
    assertThat(result.best().parameterValues()).containsEntry("y", 3.0).containsKey("x");
  }

  @Test
  void aSurvivorGoesOnWithTheTrialOfAProcessThatDiesMeanwhile() {
    Path directory = folder.resolve("survivor");
    String journal = StudyDirectory.journal(directory).toString();
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    StudyResult result =
        Study.builder(SearchSpace.of(x))
            .directory(directory)
            .trials(2)
            .build()
            .optimize(
                trial -> {
                  if (trial.number() == 0) {
                    try (Journal other = Journal.open(Path.of(journal))) {
                      other.createTrial(
                          other.studies().get(0),
                          Map.of(x, 2.0),
                          Map.of(TrialSource.PROCESS, "dead"));
                    }
                  }
                  return trial.get(x);
                });
    assertThat(result.study().trials())
        .hasSize(2)
        .allMatch(trial -> trial.state() == TrialState.COMPLETE);
    assertThat(result.study().trials().get(1).value()).isEqualTo(2);
  }

  @Test
  void aProcessOnAnotherMachineIsDeadWhenItsHeartbeatStops() {
    Path directory = folder.resolve("machines");
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    SearchSpace space = SearchSpace.of(x);
    AtomicLong seconds = new AtomicLong();
    InstantSource clock = () -> Instant.ofEpochSecond(seconds.get());
    Study.Builder builder = Study.builder(space).directory(directory).trials(1).wallClock(clock);
    try (StudyDirectory elsewhere = StudyDirectory.hold(directory, clock, "elsewhere");
        Journal journal = elsewhere.openJournal()) {
      StudyRecord study = journal.openStudy("study", List.of(Direction.MINIMIZE), space);
      elsewhere.beat(journal, study);
      journal.createTrial(study, Map.of(x, 2.0), Map.of(TrialSource.PROCESS, elsewhere.process()));
      seconds.addAndGet(100);
      elsewhere.beat(journal, study);
      seconds.addAndGet(100);
      assertThat(builder.build().optimize(trial -> 7).study().trials())
          .extracting(TrialRecord::state)
          .containsExactly(TrialState.RUNNING);
      seconds.addAndGet(100);
      assertThat(builder.build().optimize(trial -> 7).best().value()).isEqualTo(7);
    }
  }

  @Test
  void aProcessOnAnotherMachineThatHasLeftIsNotWaitedFor() {
    Path directory = folder.resolve("left");
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    SearchSpace space = SearchSpace.of(x);
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    try (StudyDirectory elsewhere = StudyDirectory.hold(directory, () -> now, "elsewhere");
        Journal journal = elsewhere.openJournal()) {
      StudyRecord study = journal.openStudy("study", List.of(Direction.MINIMIZE), space);
      elsewhere.beat(journal, study);
      journal.createTrial(study, Map.of(x, 2.0), Map.of(TrialSource.PROCESS, elsewhere.process()));
      elsewhere.leave(journal, study);
    }
    StudyResult result =
        Study.builder(space)
            .directory(directory)
            .trials(1)
            .wallClock(() -> now)
            .build()
            .optimize(trial -> 7);
    assertThat(result.best().value()).isEqualTo(7);
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
