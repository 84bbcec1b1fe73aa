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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  private static final String FLOAT =
      "{\\\"name\\\":\\\"FloatDistribution\\\",\\\"attributes\\\":{\\\"step\\\":null,\\\"low\\\":0.0,\\\"high\\\":1.0,\\\"log\\\":false}}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"op_code\":4,\"wor|the line is broken",
        "{\"op_code\":12,\"worker_id\":\"w\"}|op_code is 12 but must be 0 to 10",
        "{\"op_code\":4611686018427387904,\"worker_id\":\"w\"}|op_code is 4611686018427387904 but must be from 0 to",
        "{\"op_code\":7,\"worker_id\":\"w\",\"trial_id\":4611686018427387904,\"step\":1,\"intermediate_value\":1}|trial_id is 4611686018427387904",
        "{\"op_code\":7,\"worker_id\":\"w\",\"trial_id\":0,\"step\":1e99,\"intermediate_value\":1}|step is 1.0E99 but must be an integer",
        "{\"op_code\":5,\"worker_id\":\"w\",\"trial_id\":0,\"param_name\":\"c\",\"param_value_internal\":1,\"distribution\":\"{}\"}|attributes is missing",
        "{\"op_code\":5,\"worker_id\":\"w\",\"trial_id\":0,\"param_name\":\"x\",\"param_value_internal\":NaN,\"distribution\":\""
            + FLOAT
            + "\"}|x is NaN but must be the number of a value",
        "[1]|[1] is not a JSON object",
      })
  void aLineThatCannotBeReadIsPassedOver(String line, String warning) throws IOException {
    String before;
    try (Journal journal = Journal.open(file)) {
      complete(journal, study(journal));
      before = known(journal);
    }
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.add(2, line);
    Files.write(file, lines);
    try (Journal journal = Journal.open(file)) {
      assertThat(known(journal)).isEqualTo(before);
      assertThat(journal.warnings()).hasSize(1);
      assertThat(journal.warnings().get(0)).contains("study.log:3 is passed over: " + warning);
      complete(journal, study(journal));
    }
    try (Journal journal = Journal.read(file)) {
      assertThat(journal.studies().get(0).trials()).hasSize(2);
    }
  }

  @Test
  void aTrialCountsWhateverCannotBeReadOfIt() throws IOException {
    try (Journal journal = Journal.open(file)) {
      study(journal);
    }
    String big = FLOAT.replace("Float", "Int").replace("1.0", "4611686018427387904");
    Files.writeString(
        file,
        ("{'op_code':4,'worker_id':'w','study_id':0,'datetime_start':'yesterday','state':1,'value':'high',"
                + "'distributions':{'x':'%s','n':'%s','c':'{}'},'params':{'x':7.5,'n':4611686018427387904,'c':1},"
                + "'user_attrs':{'big':4611686018427387904,'bigger':92233720368547758070},'system_attrs':[],"
                + "'intermediate_values':{'1.5':1,'2':NaN}}\n")
            .formatted(FLOAT, big.replace("null", "1").replace("0.0", "0"))
            .replace("'", "\""),
        StandardOpenOption.APPEND);
    try (Journal journal = Journal.open(file)) {
      assertThat(journal.warnings())
          .hasSize(5)
          .allMatch(warning -> warning.contains("study.log:3: ") && warning.endsWith(" holds"));
      TrialRecord trial = study(journal).trials().get(0);
      assertThat(trial.state()).isEqualTo(TrialState.COMPLETE);
      assertThat(trial.hasAllValues()).isFalse();
      assertThat(study(journal).best()).isEmpty();
      assertThat(trial.parameterValues())
          .containsOnly(Map.entry("x", 7.5), Map.entry("n", (double) (1L << 62)));
      assertThat(trial.userAttributes()).containsEntry("big", 1L << 62);
      assertThat(trial.intermediateValues()).containsOnlyKeys(2L);
      complete(journal, study(journal));
      assertThat(study(journal).best().orElseThrow().number()).isEqualTo(1);
    }
  }

  @Test
  void whatIsOnlyReadNeedNotBeWritable() throws IOException {
    String before;
    try (Journal journal = Journal.open(file)) {
      complete(journal, study(journal));
      before = known(journal);
    }
    assertThat(file.toFile().setWritable(false)).isTrue();
    byte[] bytes = Files.readAllBytes(file);
    try (Journal journal = Journal.read(file)) {
      assertThat(known(journal)).isEqualTo(before);
      assertThatThrownBy(() -> complete(journal, journal.studies().get(0)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("study.log was opened to be read, and does not change");
    }
    assertThat(file).hasBinaryContent(bytes);
    assertThatThrownBy(() -> Journal.read(file.resolveSibling("none.log")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("none.log");
    assertThat(file.resolveSibling("none.log")).doesNotExist();
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
