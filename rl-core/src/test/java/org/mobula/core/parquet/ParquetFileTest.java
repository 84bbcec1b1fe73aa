package org.mobula.core.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.parquet.ParquetColumn.Form;
import org.mobula.core.parquet.ParquetColumn.Kind;
import org.mobula.core.parquet.ParquetColumn.Shape;

/** Files of pyarrow, pandas, Polars and DuckDB, made by record.py beside them, and our own. */
class ParquetFileTest {
  private static final int ROWS = 200;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "none",
        "snappy",
        "gzip",
        "zstd",
        "lz4",
        "pages-2",
        "pages-2-plain",
        "no-dictionary",
        "delta",
        "small-types",
        "old-lists",
        "pandas",
        "polars",
        "duckdb"
      })
  void readsWhatOthersWrite(String name) throws Exception {
    int row = 0;
    try (ParquetFile file = ParquetFile.open(fixture(name))) {
      assertThat(file.rows()).isEqualTo(ROWS);
      assertThat(file.columns())
          .containsExactly(
              "id", "session", "observation", "action", "reward", "terminated", "tags");
      for (int group = 0; group < file.groups(); group++) {
        row = check(file, group, row);
      }
    }
    assertThat(row).isEqualTo(ROWS);
  }

  private static int check(ParquetFile file, int group, int first) throws IOException {
    ParquetValues ids = file.read(group, "id");
    ParquetValues sessions = file.read(group, "session");
    ParquetValues observations = file.read(group, "observation");
    ParquetValues actions = file.read(group, "action");
    ParquetValues rewards = file.read(group, "reward");
    ParquetValues terminated = file.read(group, "terminated");
    ParquetValues tags = file.read(group, "tags");
    assertThat(actions.isWhole()).isTrue();
    assertThat(observations.isWhole()).isFalse();
    assertThat(observations.isLists()).isTrue();
    assertThat(actions.isLists()).isFalse();
    for (int i = 0; i < file.rows(group); i++) {
      int row = first + i;
      assertThat(ids.text(i)).isEqualTo("id-%04d".formatted(row));
      assertThat(sessions.text(i)).isEqualTo(row % 10 == 9 ? null : "é" + row / 50);
      assertThat(observations.numbers(i)).containsExactly(row / 2f, -(float) row);
      assertThat(actions.number(i)).isEqualTo(row % 3);
      assertThat(rewards.isNull(i)).isEqualTo(row % 7 == 0);
      assertThat(rewards.number(i))
          .isEqualTo(Double.valueOf(row % 7 == 0 ? Double.NaN : row / 4.0));
      assertThat(terminated.flag(i)).isEqualTo(row % 50 == 49);
      assertThat(tags.isNull(i)).isEqualTo(row % 3 == 0);
      assertThat(tags.count(i)).isEqualTo(row % 3 == 2 ? 1 : 0);
    }
    return first + file.rows(group);
  }

  @Test
  void refusesWhatItDoesNotRead() throws Exception {
    try (ParquetFile file = ParquetFile.open(fixture("brotli"))) {
      assertThatThrownBy(() -> file.read(0, "id"))
          .hasMessageEndingWith(
              "brotli.parquet cannot be read as Parquet: it is compressed by BROTLI, which is not"
                  + " read; write it with snappy, gzip, zstd or none");
      assertThatThrownBy(() -> file.read(0, "di"))
          .hasMessageContaining("brotli.parquet has no column 'di'; it has [id, session,");
    }
    try (ParquetFile file = ParquetFile.open(fixture("nested"))) {
      for (String column : List.of("x", "t")) {
        assertThatThrownBy(() -> file.read(0, column))
            .hasMessageStartingWith("column '" + column + "' of ")
            .hasMessageEndingWith(
                "is a structure or a list of lists; write a list of numbers, row-major");
      }
    }
  }

  @Test
  void refusesFilesThatAreCutOffOrNone(@TempDir Path folder) throws Exception {
    byte[] whole = Files.readAllBytes(fixture("snappy"));
    Path file = folder.resolve("a.parquet");
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> ParquetFile.open(file))
        .hasMessage(
            file + " does not end as a Parquet file does, or is not complete; leave it out");
    Files.write(file, new byte[5]);
    assertThatThrownBy(() -> ParquetFile.open(file))
        .hasMessage(file + " has 5 bytes and is no Parquet file, or is not complete; leave it out");
  }

  /** Whatever is damaged, there are values or an {@link IOException}. */
  @Test
  void damageIsAnError(@TempDir Path folder) throws Exception {
    for (String name : List.of("snappy", "delta", "zstd")) {
      byte[] whole = Files.readAllBytes(fixture(name));
      Path file = folder.resolve(name + ".parquet");
      for (int at = 4; at < whole.length - 8; at += 97) {
        byte[] damaged = whole.clone();
        damaged[at] ^= (byte) 0x55;
        Files.write(file, damaged);
        try (ParquetFile parquet = ParquetFile.open(file)) {
          for (String column : parquet.columns()) {
            parquet.read(0, column);
          }
        } catch (IOException e) {
          assertThat(e.getMessage()).isNotEmpty();
        }
      }
    }
  }

  @Test
  void readsWhatItWrote(@TempDir Path folder) throws Exception {
    ParquetTable table =
        new ParquetTable(
            List.of(
                new Form("text", Kind.TEXT, Shape.OPTIONAL),
                new Form("numbers", Kind.FLOAT, Shape.LIST),
                new Form("whole", Kind.INT64, Shape.LIST),
                new Form("flag", Kind.BOOLEAN),
                new Form("time", Kind.TIME),
                new Form("real", Kind.DOUBLE)));
    for (int i = 0; i < 5; i++) {
      table.column(0).add(i == 2 ? null : "text" + i);
      table.column(1).add(new float[] {i, Float.NaN, -1}, 0, i % 4);
      table.column(2).add(new long[] {Long.MAX_VALUE - i}, 0, 1);
      table.column(3).add(i % 2 == 0);
      table.column(4).add(1_000_000L * i);
      table.column(5).add(Math.PI * i);
      table.endRow();
    }
    Path file = folder.resolve("own.parquet");
    table.write(file, Map.of("key", "välue"));
    try (ParquetFile own = ParquetFile.open(file)) {
      assertThat(own.metadata()).containsExactly(Map.entry("key", "välue"));
      List<String> texts = new ArrayList<>();
      List<Integer> counts = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        texts.add(Objects.requireNonNullElse(own.read(0, "text").text(i), "none"));
        counts.add(own.read(0, "numbers").count(i));
        assertThat(own.read(0, "whole").text(i)).isEqualTo(Long.toString(Long.MAX_VALUE - i));
        assertThat(own.read(0, "flag").flag(i)).isEqualTo(i % 2 == 0);
        assertThat(own.read(0, "time").number(i)).isEqualTo(1e6 * i);
        assertThat(own.read(0, "real").number(i)).isEqualTo(Math.PI * i);
      }
      assertThat(texts).containsExactly("text0", "text1", "none", "text3", "text4");
      assertThat(counts).containsExactly(0, 1, 2, 3, 0);
      assertThat(own.read(0, "numbers").numbers(3)).containsExactly(3, Float.NaN, -1);
    }
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  private static Path fixture(String name) throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(ParquetFileTest.class.getResource("/parquet/" + name + ".parquet"))
            .toURI());
  }
}
