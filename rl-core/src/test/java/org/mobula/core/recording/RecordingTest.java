package org.mobula.core.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.parquet.ParquetColumn.Form;
import org.mobula.core.parquet.ParquetColumn.Kind;
import org.mobula.core.parquet.ParquetColumn.Shape;
import org.mobula.core.parquet.ParquetTable;
import org.mobula.core.recording.RecordingReport.Problem;
import org.mobula.core.recording.RecordingWriter.Source;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

class RecordingTest {
  private static final Instant NOW = Instant.parse("2026-12-01T00:00:00Z");

  @TempDir Path folder = Path.of("");

  private void write(RecordedEpisodes episodes, boolean logProbabilities, long tableBytes)
      throws IOException {
    Source source =
        new Source(
            "a",
            "pole",
            "7",
            false,
            episodes.observationSpace(),
            episodes.actionSpace(),
            false,
            logProbabilities,
            false);
    try (RecordingWriter writer = RecordingWriter.open(folder, source, () -> NOW, tableBytes)) {
      writer.write(episodes);
    }
  }

  private static RecordedEpisodes three(Space actions, float... action) {
    RecordedEpisodes.Builder builder = RecordedEpisodes.builder(Box.of(-9, 9, 2), actions);
    for (int episode = 0; episode < 3; episode++) {
      builder.start(new float[] {episode, 0});
      for (int step = 1; step <= 12; step++) {
        boolean last = step == 12;
        float[] next = {episode, step / 2f};
        boolean terminated = last && episode != 1;
        builder.step(action, -step / 4f, step, terminated, last && episode == 1, next);
      }
    }
    return builder.build();
  }

  private static void assertAlike(RecordedEpisodes read, RecordedEpisodes written) {
    assertThat(read.observationSpace()).isEqualTo(written.observationSpace());
    assertThat(read.actionSpace()).isEqualTo(written.actionSpace());
    assertThat(read.episodes()).hasSameSizeAs(written.episodes());
    for (int i = 0; i < read.episodes().size(); i++) {
      RecordedEpisode one = read.episodes().get(i);
      RecordedEpisode other = written.episodes().get(i);
      assertThat(one.observations()).containsExactly(other.observations());
      assertThat(one.actions()).containsExactly(other.actions());
      assertThat(one.rewards()).containsExactly(other.rewards());
      assertThat(one.logProbabilities()).containsExactly(other.logProbabilities());
      assertThat(one.terminated()).isEqualTo(other.terminated());
      assertThat(one.truncated()).isEqualTo(other.truncated());
    }
  }

  @Test
  void readsWhatItWroteInEverySpaceAndInManyFiles() throws IOException {
    Tuple mixed = new Tuple(List.of(new Discrete(3, 5), Box.of(-1, 1, 2)));
    List<RecordedEpisodes> all =
        List.of(
            three(new Discrete(3, -1), 2),
            three(new MultiDiscrete(2, 4), 1, 3),
            three(Box.of(-1, 1), 0.25f),
            three(Box.of(-1, 1, 2), 0.25f, -1),
            three(mixed, 1, 0.5f, -0.5f));
    for (RecordedEpisodes written : all) {
      write(written, true, 0); // each episode a file
      assertAlike(RecordingReader.read(folder), written);
      try (Stream<Path> files = Files.walk(folder)) {
        assertThat(files.filter(f -> f.toString().endsWith(".parquet"))).hasSize(6);
      }
    }
  }

  @Test
  void withoutLogProbabilitiesThereIsNoColumn() throws IOException {
    write(three(new Discrete(2), 1), false, 1 << 20);
    RecordedEpisodes read = RecordingReader.read(folder);
    assertThat(read.hasLogProbabilities()).isFalse();
    assertThat(read.meanReturn()).isEqualTo(78);
  }

  /** A table of one's own: columns by name, texts null where they are "". */
  private Path file(String name, Map<String, List<?>> columns) throws IOException {
    List<Form> forms = new ArrayList<>();
    columns.forEach(
        (column, values) -> {
          Object first = values.get(0);
          forms.add(
              first instanceof String
                  ? new Form(column, Kind.TEXT, Shape.OPTIONAL)
                  : first instanceof float[]
                      ? new Form(column, Kind.FLOAT, Shape.LIST)
                      : first instanceof Integer
                          ? new Form(column, Kind.INT64)
                          : first instanceof Boolean
                              ? new Form(column, Kind.BOOLEAN)
                              : new Form(column, Kind.DOUBLE));
        });
    ParquetTable table = new ParquetTable(forms);
    List<List<?>> all = List.copyOf(columns.values());
    for (int row = 0; row < all.get(0).size(); row++) {
      for (int i = 0; i < all.size(); i++) {
        Object value = all.get(i).get(row);
        if (value instanceof String text) {
          table.column(i).add(text.isEmpty() ? null : text);
        } else if (value instanceof float[] numbers) {
          table.column(i).add(numbers, 0, numbers.length);
        } else if (value instanceof Integer number) {
          table.column(i).add(number.longValue());
        } else if (value instanceof Boolean flag) {
          table.column(i).add(flag);
        } else {
          table.column(i).add((double) (Double) value);
        }
      }
      table.endRow();
    }
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    table.write(file, Map.of());
    return file;
  }

  private static float[] one(float number) {
    return new float[] {number};
  }

  /** As a server records: sessions in turn, rewards later, one in two parts, one missing. */
  @Test
  void joinsRewardsThatComeLater() throws IOException {
    file(
        "m/steps/1.parquet",
        Map.of(
            "id", List.of("i1", "i2", "i3", "i4"),
            "row", List.of(0, 0, 0, 0),
            "session", List.of("a", "b", "a", "a"),
            "observation", List.of(one(1), one(2), one(3), one(4)),
            "action", List.of(0, 1, 1, 0)));
    file(
        "m/rewards/1.parquet",
        Map.of(
            "id", List.of("i4", "i1", "i1", "i9"),
            "row", List.of(0, 0, 0, 0),
            "reward", List.of(8.0, 1.0, 0.5, 3.0),
            "terminated", List.of(true, false, false, false),
            "truncated", List.of(false, false, false, false)));
    RecordedEpisodes read = RecordingReader.read(folder);
    assertThat(read.observationSpace()).isEqualTo(Box.unbounded(1));
    assertThat(read.actionSpace()).isEqualTo(new Discrete(2));
    assertThat(read.episodes()).hasSize(1); // of b nothing is known after its only step
    assertThat(read.episodes().get(0).observations()).containsExactly(1, 3, 4, 4);
    assertThat(read.episodes().get(0).rewards()).containsExactly(1.5f, 0, 8);
    assertThat(read.episodes().get(0).terminated()).isTrue();

    RecordingReport report = RecordingReport.of(folder);
    assertThat(report.spacesNamed()).isFalse();
    assertThat(report.problems())
        .containsExactly(
            new Problem(
                "step-without-reward",
                2,
                "steps have no reward, which counts as 0",
                "session a, id i3"),
            new Problem("reward-without-step", 1, "rewards belong to no step", "id i9, row 0"),
            new Problem(
                "unfinished",
                1,
                "episodes neither terminate nor are truncated, so that their last step is left out",
                "session b"));
    assertThat(RecordingReader.read(folder, Box.of(0, 5, 1), new Discrete(4)).actionSpace())
        .isEqualTo(new Discrete(4));
  }

  @Test
  void joinsRewardsBySessionAndStep() throws IOException {
    file(
        "steps.parquet",
        Map.of(
            "session", List.of("b", "a", "a", "b"),
            "observation", List.of(one(1), one(2), one(3), one(4)),
            "action", List.of(one(0.5f), one(1), one(1), one(0))));
    file(
        "rewards.parquet",
        Map.of(
            "session", List.of("a", "a", "b", "b"),
            "step", List.of(1, 0, 1, 0),
            "reward", List.of(1.0, 2.0, 3.0, 4.0),
            "terminated", List.of(true, false, true, false)));
    List<RecordedEpisode> episodes = RecordingReader.read(folder).episodes();
    assertThat(episodes.get(0).observations()).containsExactly(1, 4, 4);
    assertThat(episodes.get(0).rewards()).containsExactly(4, 3);
    assertThat(episodes.get(1).observations()).containsExactly(2, 3, 3);
    assertThat(episodes.get(1).rewards()).containsExactly(2, 1);
    assertThat(RecordingReport.of(folder).problems()).isEmpty();
  }

  /** Rewards in the rows of the steps, several episodes a session, sessions by partition. */
  @Test
  void readsPartitionsAndEpisodesInASession() throws IOException {
    for (String session : List.of("session=x%20y", "session=z")) {
      file(
          session + "/part.parquet",
          Map.of(
              "step", List.of(3, 0, 1, 2),
              "observation", List.of(one(3), one(0), one(1), one(2)),
              "action", List.of(1, 0, 1, 0),
              "reward", List.of(4.0, 1.0, 2.0, 3.0),
              "terminated", List.of(false, false, true, false),
              "truncated", List.of(true, false, false, false)));
    }
    Files.writeString(folder.resolve("_SUCCESS"), "");
    Files.writeString(folder.resolve("session=z/.part.parquet"), "not complete");
    List<RecordedEpisode> episodes = RecordingReader.read(folder).episodes();
    assertThat(episodes).hasSize(4);
    assertThat(episodes.get(0).rewards()).containsExactly(1, 2);
    assertThat(episodes.get(0).terminated()).isTrue();
    assertThat(episodes.get(1).observations()).containsExactly(2, 3);
    assertThat(episodes.get(1).truncated()).isTrue();
    assertThat(RecordingReport.of(folder).problems())
        .containsExactly(
            new Problem(
                "unknown-final",
                2,
                "episodes are truncated without a final observation, so that their last step is"
                    + " left out",
                "session x y"));
  }

  @Test
  void reportsWhatIsBroken() throws IOException {
    RecordedEpisodes.Builder builder = RecordedEpisodes.builder(Box.of(-1, 1, 2), new Discrete(4));
    builder.start(new float[] {0, 0.5f});
    builder.step(new float[] {1}, 1, false, false, new float[] {Float.NaN, 0.5f});
    builder.step(new float[] {9}, Float.NaN, false, false, new float[] {2, 0.5f});
    builder.step(new float[] {0}, 1, true, false, new float[] {0, 0});
    write(builder.build(), false, 1 << 20);
    file("other.parquet", Map.of("x", List.of(1)));
    Files.writeString(folder.resolve("no.parquet"), "this is no Parquet file");
    RecordingReport report = RecordingReport.of(folder);
    assertThat(report.problems())
        .extracting(Problem::kind, Problem::count)
        .containsExactly(
            tuple("unreadable-file", 2),
            tuple("observation-not-finite", 1),
            tuple("observation-outside", 1),
            tuple("action-outside", 1),
            tuple("reward-not-finite", 1));
    assertThat(report.problems().get(3).first())
        .isEqualTo("session a-000000, id a-000000-0000000001, [9.0]");
    assertThat(report.observations().get(0).covered()).isEqualTo(0.5);
    assertThat(report.observations().get(1).isConstant()).isTrue();
    assertThat(report.actions().get(0).covered()).isEqualTo(0.5);
    assertThat(report.actions().get(0).shares()).containsExactly(1 / 3.0, 1 / 3.0, 0.0, 0.0);
    assertThatThrownBy(() -> RecordingReader.read(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no.parquet does not end as a Parquet file does");
  }

  private static org.assertj.core.groups.Tuple tuple(String kind, long count) {
    return org.assertj.core.groups.Tuple.tuple(kind, count);
  }

  @Test
  void refusesAFileThatIsThereTwice() throws IOException {
    write(three(new Discrete(2), 1), true, 1 << 20);
    Files.copy(folder.resolve("steps/a-000000.parquet"), folder.resolve("steps/copy.parquet"));
    assertThatThrownBy(() -> RecordingReader.read(folder))
        .hasMessage(
            "recordings cannot be used as they are: steps are there twice: is a file there twice?"
                + " (id a-000000-0000000000, row 0); mobula data describe shows more");
    assertThat(RecordingReport.of(folder).problems().get(0).count()).isEqualTo(36);
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    Path none = folder.resolve("none");
    assertThatThrownBy(() -> RecordingReader.read(none))
        .hasMessage(none + " does not exist; name a Parquet file, or a folder that holds some");
    assertThatThrownBy(() -> RecordingReader.read(folder))
        .hasMessage(
            "there is no .parquet file in or below " + folder + "; name a folder that holds some");
    write(three(new Discrete(2), 1), true, 1 << 20);
    assertThatThrownBy(() -> RecordingReader.read(folder, Box.unbounded(3), new Discrete(2)))
        .hasMessageStartingWith(
            "recordings cannot be used as they are: rows have another number of numbers than the"
                + " space (2 numbers are observed and 1 are the action of session a-000000, id");
  }

  @Test
  void oneModelAtATime() throws IOException {
    write(three(new Discrete(2), 1), true, 1 << 20);
    Path first = folder;
    folder = first.resolve("other");
    write(three(new Discrete(3), 1), true, 1 << 20);
    folder = first;
    assertThatThrownBy(() -> RecordingReader.read(first))
        .hasMessageEndingWith("; name the folder of one model");
  }

  @Test
  void deterministicAnswersHaveNoLogProbability() throws IOException {
    Source source =
        new Source("a", "m", "1", true, Box.unbounded(1), new Discrete(2), true, true, true);
    boolean @Nullable [] mask = {true, false};
    try (RecordingWriter writer = RecordingWriter.open(folder, source, () -> NOW)) {
      writer.start(one(1));
      writer.step(new RecordingWriter.StepRow(one(0), mask, -0.5f, 3, 1, true, false, one(2)));
    }
    assertThat(RecordingReader.read(folder).hasLogProbabilities()).isFalse();
    assertThat(RecordingReport.of(folder).models()).containsExactly("m");
  }
}
