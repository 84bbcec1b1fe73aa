package org.mobula.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;

class TerminalTest {
  @TempDir private Path directory;

  private static Terminal terminal(String variable, String value) {
    return Terminal.of(
        Map.of("MOBULA_COLUMNS", "100", "MOBULA_OUT_IS_TERMINAL", "yes", variable, value));
  }

  @ParameterizedTest
  @CsvSource({"TERM, dumb", "TERM, unknown", "NO_COLOR, 1"})
  void writesNoEscapesWhereNoneAreKnownOrWanted(String variable, String value) throws IOException {
    Terminal terminal = terminal(variable, value);

    assertThat(terminal.columns()).isZero();
    assertThat(terminal.out()).isFalse();
    String run = TrainingFiles.tiny(directory);
    for (String[] words :
        new String[][] {
          {"train", run, "--runs-directory", directory.toString(), "--name", "r"},
          {"evaluate", directory.resolve("r").toString(), "--render", "ansi"},
          {"--help"},
          {"train", "--help"}
        }) {
      Cli.Outcome outcome = Cli.run(terminal, words);
      assertThat(outcome.exitCode()).isZero();
      assertThat(outcome.out() + outcome.err()).isNotEmpty().doesNotContain("\u001b");
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM, xterm-256color", "NO_COLOR, ''"})
  void writesThemElsewhere(String variable, String value) {
    Terminal terminal = terminal(variable, value);

    assertThat(terminal.columns()).isEqualTo(100);
    assertThat(terminal.out()).isTrue();
    assertThat(Cli.run(terminal, "--help").out()).contains("\u001b");
  }

  @Test
  void helpInAPipeHasNoEscapes() {
    assertThat(Cli.run("--help").out()).contains("train").doesNotContain("\u001b");
  }
}
