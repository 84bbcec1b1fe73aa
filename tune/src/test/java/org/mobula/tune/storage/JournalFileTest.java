package org.mobula.tune.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;

class JournalFileTest {
  private static final FloatParameter X = FloatParameter.uniform("x", 0, 1);
  private static final List<Direction> MINIMIZE = List.of(Direction.MINIMIZE);
  private static final Duration SHORT = Duration.ofMillis(100);

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void place() {
    file = folder.resolve("study.log");
  }

  private static StudyRecord study(Journal journal) {
    return journal.openStudy("shared", MINIMIZE, SearchSpace.of(X));
  }

  private static TrialRecord complete(Journal journal, StudyRecord study) {
    TrialRecord trial = journal.createTrial(study, Map.of(X, 0.5), Map.of());
    journal.report(trial, 1, 0.25);
    journal.setState(trial, TrialState.COMPLETE, 0.25);
    return trial;
  }

  private static String known(Journal journal) {
    return Json.text(JournalProcess.dump(journal));
  }

  @Test
  void seesWhatOthersAdd() {
    try (Journal one = Journal.open(file);
        Journal other = Journal.open(file)) {
      complete(one, study(one));
      assertThat(other.studies()).isEmpty();
      other.refresh();
      assertThat(known(other)).isEqualTo(known(one));
      TrialRecord waiting = one.enqueue(study(one), Map.of());
      TrialRecord seen = complete(other, study(other)).study.trials.get(waiting.number());
      one.setState(waiting, TrialState.RUNNING);
      assertThat(seen.state()).isEqualTo(TrialState.WAITING);
      assertThatThrownBy(() -> other.setState(seen, TrialState.RUNNING))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("somebody else");
      assertThat(seen.state()).isEqualTo(TrialState.RUNNING);
    }
    assertThat(file.resolveSibling("study.log.lock")).doesNotExist();
  }

  @Test
  void passesOverWhatOthersWroteInVain() throws IOException {
    try (Journal journal = Journal.open(file)) {
      complete(journal, study(journal));
      String before = known(journal);
      Files.writeString(
          file,
          """
          {"op_code":0,"worker_id":"w","study_name":"shared","directions":[2]}
          {"op_code":7,"worker_id":"w","trial_id":0,"step":9,"intermediate_value":1.0}
          {"op_code":8,"worker_id":"w","trial_id":5,"user_attr":{"a":1}}
          {"op_code":1,"worker_id":"w","study_id":5}
          {"op_code":10,"worker_id":"w","study_id":0,"trial_ids":[0]}
          """,
          StandardOpenOption.APPEND);
      journal.refresh();
      assertThat(known(journal)).isEqualTo(before);
      assertThat(complete(journal, study(journal)).number()).isEqualTo(1);
    }
  }

  @Test
  void aLineThatWasCutIsForgotten() throws IOException {
    String before;
    long whole;
    byte[] all;
    try (Journal journal = Journal.open(file)) {
      StudyRecord study = study(journal);
      TrialRecord trial = complete(journal, study);
      before = known(journal);
      whole = Files.size(file);
      journal.setUserAttribute(study, "größe", trial.number());
      all = Files.readAllBytes(file);
    }
    for (int end = (int) whole; end < all.length; end++) {
      Files.write(file, Arrays.copyOf(all, end));
      try (Journal journal = Journal.open(file)) {
        assertThat(known(journal)).isEqualTo(before);
        assertThat(Files.size(file)).isEqualTo(end);
        assertThat(complete(journal, study(journal)).number()).isEqualTo(1);
        try (Journal again = Journal.open(file)) {
          assertThat(known(again)).isEqualTo(known(journal));
        }
      }
    }
    // What another program added to a cut line is as broken, and as little in the way.
    Files.write(file, Arrays.copyOf(all, all.length - 9));
    Files.writeString(file, "{\"op_code\":1}\n", StandardOpenOption.APPEND);
    try (Journal journal = Journal.open(file)) {
      assertThat(known(journal)).isEqualTo(before);
      complete(journal, study(journal));
    }
    try (Journal journal = Journal.open(file)) {
      assertThat(study(journal).trials()).hasSize(2);
    }
  }

  @Test
  void aBrokenLineIsNamed() throws IOException {
    try (Journal journal = Journal.open(file)) {
      complete(journal, study(journal));
    }
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.set(2, lines.get(2).substring(0, 20));
    Files.write(file, lines);
    assertThatThrownBy(() -> Journal.open(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("study.log:3: the line is broken, and others follow");
    lines.set(2, "{\"op_code\":12,\"worker_id\":\"w\"}");
    Files.write(file, lines);
    assertThatThrownBy(() -> Journal.open(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("study.log:3: op_code is 12 but must be 0 to 10");
  }

  @Test
  void aFileThatWasReplacedIsNoticed() throws IOException {
    try (Journal journal = Journal.open(file)) {
      StudyRecord study = study(journal);
      Files.writeString(file, "");
      assertThatThrownBy(() -> complete(journal, study))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("has become shorter");
    }
    assertThat(file.resolveSibling("study.log.lock")).doesNotExist();
  }

  @Test
  void aDeadLockIsBroken() throws IOException {
    Files.createFile(file);
    Path lock = file.resolveSibling("study.log.lock");
    Files.createSymbolicLink(lock, file.toAbsolutePath());
    try (Journal journal = Journal.open(file, SHORT)) {
      complete(journal, study(journal));
      // The one of Optuna for other file systems.
      Files.createFile(lock);
      complete(journal, study(journal));
      assertThat(study(journal).trials()).hasSize(2);
      // Left by a process that named the file from another folder.
      Files.createSymbolicLink(lock, Path.of("nowhere/study.log"));
      complete(journal, study(journal));
    }
    assertThat(Files.exists(lock, LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
  }

  @Test
  void anInterruptWhileWaitingChangesNothing() throws IOException {
    try (Journal journal = Journal.open(file)) {
      StudyRecord study = study(journal);
      Files.createSymbolicLink(file.resolveSibling("study.log.lock"), file.toAbsolutePath());
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> complete(journal, study))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("interrupted while somebody else held");
      assertThat(Thread.interrupted()).isTrue();
      Files.delete(file.resolveSibling("study.log.lock"));
      Thread.currentThread().interrupt();
      assertThat(complete(journal, study).number()).isZero();
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void threadsAddAtOnce() throws Exception {
    try (Journal journal = Journal.open(file)) {
      StudyRecord study = study(journal);
      for (int i = 0; i < 100; i++) {
        journal.enqueue(study, Map.of());
      }
    }
    Callable<Integer> worker =
        () -> {
          int begun = 0;
          try (Journal journal = Journal.open(file)) {
            StudyRecord study = study(journal);
            for (int i = 0; i < 100; i++) {
              try {
                journal.setState(study.trials.get(i), TrialState.RUNNING);
                begun++;
              } catch (IllegalStateException e) {
                complete(journal, study);
              }
            }
          }
          return begun;
        };
    ExecutorService threads = Executors.newFixedThreadPool(3);
    int begun = 0;
    for (Future<Integer> one : threads.invokeAll(List.of(worker, worker, worker))) {
      begun += one.get();
    }
    threads.shutdown();
    assertThat(begun).isEqualTo(100);
    try (Journal journal = Journal.open(file)) {
      assertThat(study(journal).trials()).hasSize(300);
      assertThat(study(journal).trials().subList(100, 300))
          .allMatch(trial -> trial.state() == TrialState.COMPLETE && trial.value() == 0.25);
    }
  }

  @Test
  void processesAddAtOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      processes.add(start(List.of(), "append", file.toString(), "150"));
    }
    List<Integer> numbers = new ArrayList<>();
    for (Process process : processes) {
      try (BufferedReader reader = process.inputReader(UTF_8)) {
        reader.lines().map(Integer::valueOf).forEach(numbers::add);
      }
      assertThat(process.waitFor()).isZero();
    }
    assertThat(numbers)
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 300).boxed().toList());
    try (Journal journal = Journal.open(file)) {
      assertThat(study(journal).trials())
          .hasSize(300)
          .allMatch(trial -> trial.state() == TrialState.COMPLETE && trial.value() == 0.25);
    }
  }

  @Test
  void aKilledProcessLosesNothing() throws Exception {
    int last = -1;
    for (int kill = 0; kill < 3; kill++) {
      Process process = start(List.of(), "append", file.toString(), "1000000");
      try (BufferedReader reader = process.inputReader(UTF_8)) {
        for (int i = 0; i < 100 + 37 * kill; i++) {
          last = Integer.parseInt(String.valueOf(reader.readLine()));
        }
        process.destroyForcibly().waitFor();
      }
      try (Journal journal = Journal.open(file, SHORT)) {
        List<TrialRecord> trials = study(journal).trials();
        assertThat(trials.size()).isGreaterThan(last);
        assertThat(trials.subList(0, last + 1))
            .filteredOn(t -> t.value() == 0.25)
            .hasSize(last + 1 - kill(trials, last));
        complete(journal, study(journal));
      }
    }
  }

  /** The trials up to that number in whose middle a process was killed. */
  private static int kill(List<TrialRecord> trials, int last) {
    return (int)
        trials.subList(0, last + 1).stream().filter(t -> t.state() == TrialState.RUNNING).count();
  }

  @Test
  void aFullDiskIsToldAndChangesNothing() throws Exception {
    Process process =
        start(
            List.of("bash", "-c", "ulimit -f 64; exec \"$@\"", "bash"),
            "overfill",
            file.toString());
    List<String> said;
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      said = reader.lines().toList();
    }
    assertThat(process.waitFor()).isZero();
    assertThat(said).hasSize(3);
    assertThat(said.get(0))
        .contains("study.log cannot be added to (File too large): nothing was changed; make room");
    assertThat(said.subList(1, 3)).containsExactly("{}", "{small=y}");
    assertThat(Files.readAllLines(file)).hasSize(2);
    try (Journal journal = Journal.open(file)) {
      journal.setUserAttribute(journal.studies().get(0), "large", "x".repeat(1_000_000));
    }
    try (Journal journal = Journal.open(file)) {
      assertThat(journal.studies().get(0).userAttributes()).containsKeys("small", "large");
    }
  }

  private static Process start(List<String> prefix, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Its file of 32 KiB would be the first thing to hit the limit on files.
    command.add("-XX:-UsePerfData");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(JournalProcess.class.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
