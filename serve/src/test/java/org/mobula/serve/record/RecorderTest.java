package org.mobula.serve.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.parquet.ParquetTable;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

@Timeout(300)
final class RecorderTest {
  private static final Duration NEVER = Duration.ofDays(1);

  @TempDir private Path directory;

  private Recorder open() throws IOException {
    return Recorder.open(RecordConfig.defaults(directory).withRollEvery(NEVER));
  }

  private static Tensor observation(int rows, int size, float first) {
    float[] values = new float[rows * size];
    for (int i = 0; i < values.length; i++) {
      values[i] = first + i;
    }
    return Tensor.of("observation", values, rows, size);
  }

  private static Tensor choice(long... actions) {
    return new Tensor("action", Datatype.INT64, actions, actions.length);
  }

  private static @Nullable String step(
      Recorder recorder, @Nullable String session, Tensor observation, Tensor action) {
    return recorder.step(
        "cartpole", "7", session, null, false, List.of(observation), List.of(action), Map.of());
  }

  private List<Map<String, Object>> steps() throws IOException {
    return ParquetFiles.readAll(directory.resolve("cartpole/steps"));
  }

  private static Object value(Map<String, Object> row, String column) {
    return Objects.requireNonNull(row.get(column));
  }

  @Test
  void rowsAreReadAsTheyWere() throws IOException {
    String id;
    String batch;
    try (Recorder recorder = open()) {
      id =
          recorder.step(
              "cartpole",
              "7",
              "épisode",
              "r-1",
              true,
              List.of(observation(1, 4, 0.5f)),
              List.of(choice(1), Tensor.of("log_probability", new float[] {-0.25f}, 1)),
              Map.of());
      batch =
          recorder.step(
              "cartpole",
              "7",
              null,
              null,
              false,
              List.of(observation(3, 4, 10)),
              List.of(choice(0, 1, 0), Tensor.of("log_probability", new float[] {-1, -2, -3}, 3)),
              Map.of());
      assertThat(steps()).isEmpty();
    }
    List<Map<String, Object>> rows = steps();
    assertThat(rows).hasSize(4);
    assertThat(rows.get(0))
        .containsEntry("id", Objects.requireNonNull(id))
        .containsEntry("row", 0)
        .containsEntry("model", "cartpole")
        .containsEntry("version", "7")
        .containsEntry("session", "épisode")
        .containsEntry("request_id", "r-1")
        .containsEntry("deterministic", true)
        .containsEntry("observation", List.of(0.5f, 1.5f, 2.5f, 3.5f))
        .containsEntry("action", 1L)
        .containsEntry("log_probability", -0.25f);
    assertThat(rows.get(3))
        .containsEntry("id", Objects.requireNonNull(batch))
        .containsEntry("row", 2)
        .containsEntry("deterministic", false)
        .containsEntry("observation", List.of(18f, 19f, 20f, 21f))
        .containsEntry("action", 0L)
        .containsEntry("log_probability", -3f)
        .doesNotContainKeys("session", "request_id");
    long micros = (long) value(rows.get(0), "time");
    assertThat(System.currentTimeMillis() - micros / 1000).isBetween(0L, 60_000L);
  }

  @Test
  void everyKindOfTensorHasAColumn() throws IOException {
    Recorder recorder = open();
    try (recorder) {
      recorder.step(
          "any",
          "1",
          null,
          null,
          true,
          List.of(
              new Tensor("time", Datatype.FP64, new double[] {0.1, 0.2}, 1, 2),
              new Tensor("flags", Datatype.BOOL, new byte[] {1, 0, 1}, 1, 3),
              new Tensor("none", Datatype.FP32, new float[0], 1, 0)),
          List.of(
              new Tensor("flags", Datatype.INT16, new short[] {-7}, 1),
              new Tensor("plane", Datatype.INT32, new int[] {1, 2, 3, 4}, 1, 2, 2),
              new Tensor("action", Datatype.INT64, new long[] {3, 1}, 1, 2),
              new Tensor("text", Datatype.BYTES, new byte[][] {"ä".getBytes(UTF_8)}, 1)),
          Map.of());
      recorder.step(
          "half",
          "1",
          null,
          null,
          true,
          List.of(observation(2, 4, 0)),
          List.of(new Tensor("x", Datatype.FP16, new short[2], 2)),
          Map.of());
    }
    assertThat(recorder.dropped(Recorder.Loss.NO_COLUMN)).isEqualTo(2);
    assertThat(recorder.recordedSteps()).isEqualTo(1);
    assertThat(ParquetFiles.readAll(directory.resolve("any/steps")).get(0))
        .containsEntry("time_", List.of(0.1, 0.2))
        .containsEntry("flags", List.of(1, 0, 1))
        .containsEntry("none", List.of())
        .containsEntry("flags_", -7)
        .containsEntry("plane", List.of(1, 2, 3, 4))
        .containsEntry("action", List.of(3L, 1L))
        .containsEntry("text", "ä");
  }

  @Test
  void manyPagesAndFilesHoldAllRowsInOrder() throws IOException {
    int steps = 200;
    int size = 10_000; // 8 MB in all
    try (Recorder recorder =
        Recorder.open(RecordConfig.defaults(directory).withRollEvery(NEVER), 2 << 20)) {
      for (int i = 0; i < steps; i++) {
        while (step(recorder, i % 3 == 0 ? null : "s" + i % 2, observation(1, size, i), choice(i))
            == null) {
          Thread.onSpinWait(); // until there is room
        }
      }
    }
    Path folder = directory.resolve("cartpole/steps");
    assertThat(ParquetFiles.files(folder)).hasSizeGreaterThan(1);
    List<Map<String, Object>> rows = steps();
    assertThat(rows).hasSize(steps);
    for (int i = 0; i < steps; i++) {
      Map<String, Object> row = rows.get(i);
      assertThat(row.get("action")).isEqualTo((long) i);
      assertThat(row.get("session")).isEqualTo(i % 3 == 0 ? null : "s" + i % 2);
      List<?> observation = (List<?>) value(row, "observation");
      assertThat(observation).hasSize(size);
      assertThat(observation.get(size - 1)).isEqualTo((float) i + size - 1);
    }
    assertThat(rows.stream().map(row -> (String) row.get("id"))).isSorted();
  }

  @Test
  void aVersionOfAnotherFormBeginsAFile() throws IOException {
    try (Recorder recorder = open()) {
      step(recorder, null, observation(1, 4, 0), choice(1));
      step(recorder, null, observation(1, 4, 0), Tensor.of("action", new float[] {1, 2}, 1, 2));
    }
    assertThat(ParquetFiles.files(directory.resolve("cartpole/steps"))).hasSize(2);
    assertThat(steps()).extracting(row -> row.get("action")).containsExactly(1L, List.of(1f, 2f));
  }

  @Test
  void rewardsAreMatchedByIdAndRow() throws IOException {
    Recorder recorder = open();
    try (recorder) {
      String first = Objects.requireNonNull(step(recorder, null, observation(1, 4, 0), choice(1)));
      String batch =
          Objects.requireNonNull(step(recorder, null, observation(2, 4, 0), choice(1, 0)));
      recorder.step(
          "other",
          "1",
          null,
          null,
          true,
          List.of(observation(1, 4, 0)),
          List.of(choice(1)),
          Map.of());
      Reward good = new Reward(first, 0, 1.5, false, false);
      Reward last = new Reward(batch, 1, -1, true, false);
      List<Reward> unknown =
          List.of(
              new Reward(batch, 2, 1, false, false),
              new Reward(batch, -1, 1, false, false),
              new Reward("", 0, 1, false, false),
              new Reward(first.substring(1), 0, 1, false, false),
              new Reward(first.substring(0, first.length() - 1) + "g", 0, 1, false, false),
              new Reward(first.substring(0, first.length() - 1) + "2", 0, 1, false, false),
              new Reward(first.substring(0, first.length() - 1) + "3", 0, 1, false, false));
      List<Reward> all = new ArrayList<>(unknown);
      all.add(3, good);
      all.add(last);
      assertThat(recorder.reward("cartpole", all)).contains(unknown);
      assertThat(recorder.reward("other", List.of(good))).contains(List.of(good));
      assertThat(recorder.reward("nobody", List.of(good))).contains(List.of(good));
    }
    assertThat(recorder.recordedRewards()).isEqualTo(2);
    List<Map<String, Object>> rewards = ParquetFiles.readAll(directory.resolve("cartpole/rewards"));
    assertThat(rewards).extracting(row -> row.get("reward")).containsExactly(1.5, -1.0);
    assertThat(rewards.get(1))
        .containsEntry("row", 1)
        .containsEntry("terminated", true)
        .containsEntry("truncated", false);
    assertThat(steps()).extracting(row -> row.get("id")).contains(rewards.get(0).get("id"));
  }

  @Test
  void anIdIsForgottenAfterAMillionOthers() {
    RecentAnswers answers = new RecentAnswers(1_800_000_000_000L);
    long first = answers.next();
    answers.remember(first, "m", 1);
    for (int i = 1; i < RecentAnswers.CAPACITY; i++) {
      answers.remember(answers.next(), "m", 1);
    }
    assertThat(answers.knows(answers.id(first), "m", 0)).isTrue();
    long next = answers.next();
    answers.remember(next, "m", 1);
    assertThat(answers.knows(answers.id(first), "m", 0)).isFalse();
    assertThat(answers.knows(answers.id(next), "m", 0)).isTrue();
    assertThat(answers.id(next)).isGreaterThan(answers.id(first));
    assertThat(new RecentAnswers(1_800_000_000_001L).id(0)).isGreaterThan(answers.id(next));
  }

  @Test
  void aFullQueueDropsAndCounts() throws IOException {
    try (Recorder recorder = open()) {
      // One request that is larger than all that may wait.
      assertThat(step(recorder, null, observation(1, 9 << 20, 0), choice(1))).isNull();
      assertThat(recorder.dropped(Recorder.Loss.QUEUE_FULL)).isEqualTo(1);
      assertThat(step(recorder, null, observation(1, 4, 0), choice(1))).isNotNull();
    }
    assertThat(steps()).hasSize(1);
  }

  @Test
  void whatIsNotWrittenIsCountedAndLaterRowsAre() throws IOException {
    Path folder = directory.resolve("cartpole/steps");
    Files.createDirectories(folder.getParent());
    Files.writeString(folder, "a file where the folder should be");
    try (Recorder recorder =
        Recorder.open(RecordConfig.defaults(directory).withRollEvery(Duration.ofNanos(1)))) {
      step(recorder, null, observation(2, 4, 0), choice(1, 1));
      await(() -> recorder.dropped(Recorder.Loss.WRITE_FAILED) == 2);
      Files.delete(folder);
      step(recorder, null, observation(1, 4, 0), choice(1));
      await(() -> recorder.recordedSteps() == 1);
    }
    assertThat(steps()).hasSize(1);
  }

  @Test
  void theLimitIsKeptUntilThereIsRoom() throws IOException {
    RecordConfig config =
        RecordConfig.defaults(directory)
            .with(r -> r.rollEvery(Duration.ofNanos(1)).diskLimit(5_000L));
    try (Recorder recorder = Recorder.open(config)) {
      int sent = 0;
      while (recorder.dropped(Recorder.Loss.DISK_LIMIT) == 0) {
        step(recorder, null, observation(1, 4, 0), choice(1));
        sent++;
        int all = sent;
        await(() -> recorder.recordedSteps() + recorder.dropped(Recorder.Loss.DISK_LIMIT) == all);
      }
      assertThat(sent).isBetween(2, 20);
      for (Path file : ParquetFiles.files(directory.resolve("cartpole/steps"))) {
        Files.delete(file);
      }
      long before = recorder.recordedSteps();
      step(recorder, null, observation(1, 4, 0), choice(1));
      await(() -> recorder.recordedSteps() == before + 1);
    }
    assertThat(steps()).hasSize(1);
  }

  /** A condition that another thread brings about. */
  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition) {
    while (!condition.holds()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void oneServerRecordsToADirectory() throws IOException {
    Path left = directory.resolve("cartpole/steps/.0-000001.parquet.part");
    Files.createDirectories(left.getParent());
    Files.writeString(left, "PAR1");
    Recorder first = open();
    try (first) {
      assertThat(left).doesNotExist();
      assertThatThrownBy(this::open)
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith(
              "is being recorded to by another server; give each its own directory");
    }
    open().close();
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no ulimit")
  void aFullDiskLeavesWholeFilesAndCounts() throws Exception {
    Process process =
        start(
            List.of("bash", "-c", "ulimit -f 64; exec \"$@\"", "bash"),
            "overfill",
            directory.toString());
    List<String> said;
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      said = reader.lines().toList();
    }
    assertThat(process.waitFor()).isZero();
    assertThat(said).containsExactly("recorded 2, dropped 1");
    assertThat(steps()).hasSize(2);
    try (var all = Files.walk(directory)) {
      assertThat(all.filter(file -> file.toString().endsWith(ParquetTable.PART))).isEmpty();
    }
  }

  @Test
  void whatAKilledProcessLeavesIsReadable() throws Exception {
    Process process = start(List.of(), "endless", directory.toString());
    int said;
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      do {
        said = Integer.parseInt(Optional.ofNullable(reader.readLine()).orElse("-1"));
        assertThat(said).isNotNegative();
      } while (said < 3_000);
      process.destroyForcibly().waitFor(); // SIGKILL
    }
    List<Map<String, Object>> rows = steps();
    assertThat(rows.size()).isGreaterThanOrEqualTo(said);
    assertThat(rows.stream().map(row -> ((Number) value(row, "action")).intValue()))
        .containsExactlyElementsOf(IntStream.range(0, rows.size()).boxed().toList());
    int whole = rows.size();
    try (Recorder recorder = open()) {
      step(recorder, null, observation(1, 4, 0), choice(whole));
    }
    assertThat(steps()).hasSize(whole + 1);
    try (var all = Files.walk(directory)) {
      assertThat(all.filter(file -> file.toString().endsWith(ParquetTable.PART))).isEmpty();
    }
  }

  private static Process start(List<String> prefix, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Other.class.getName()));
    command.addAll(Arrays.asList(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** What runs in a process of its own. */
  static final class Other {
    private Other() {}

    public static void main(String[] arguments) throws IOException {
      Path directory = Path.of(arguments[1]);
      RecordConfig config = RecordConfig.defaults(directory).withRollEvery(Duration.ofMillis(1));
      try (Recorder recorder = Recorder.open(config)) {
        if (arguments[0].equals("overfill")) {
          for (int size : new int[] {4, 1_000_000, 4}) {
            float[] noise = new float[size];
            for (int i = 0; i < size; i++) {
              noise[i] = Float.intBitsToFloat((i * 0x9e3779b9) >>> 2); // does not compress
            }
            long before = recorder.recordedSteps() + recorder.dropped(Recorder.Loss.WRITE_FAILED);
            step(recorder, null, Tensor.of("observation", noise, 1, size), choice(1));
            await(
                () ->
                    recorder.recordedSteps() + recorder.dropped(Recorder.Loss.WRITE_FAILED)
                        > before);
          }
          say(
              "recorded %s, dropped %s"
                  .formatted(
                      recorder.recordedSteps(), recorder.dropped(Recorder.Loss.WRITE_FAILED)));
          return;
        }
        for (long i = 0; ; i++) {
          while (step(recorder, null, observation(1, 4, (float) i), choice(i)) == null) {
            Thread.onSpinWait();
          }
          if (i % 100 == 0) {
            say(Long.toString(recorder.recordedSteps()));
          }
        }
      }
    }

    @SuppressWarnings("SystemOut")
    private static void say(String line) {
      System.out.println(line);
    }
  }
}
