package org.mobula.cli.notebook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.MobulaProcesses;
import org.mobula.cli.Shell;

/** What signals do to the packaged command line and to its Jupyter, here a script. */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
final class NotebookProcessIT {
  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // by prepare()
  private MobulaProcesses mobula;

  @BeforeEach
  void prepare() throws IOException {
    mobula = MobulaProcesses.in(folder);
    Files.createDirectories(folder.resolve(".venv/share/jupyter/kernels/java"));
    Files.createDirectories(folder.resolve(".venv/bin"));
  }

  @AfterEach
  void endAll() throws InterruptedException {
    mobula.endAll();
  }

  private Process start(String... jupyter) throws IOException {
    Shell.script(folder.resolve(".venv/bin/jupyter"), jupyter);
    Process process = mobula.start("notebook", "--jupyter", "lab");
    assertThat(process.inputReader(UTF_8).readLine()).isEqualTo("runs");
    return process;
  }

  @Test
  void handsOnTheRequestToEnd() throws Exception {
    Process process =
        start(
            "sleep 100 & sleeper=$!",
            "trap 'kill $sleeper; echo ended; exit 0' TERM",
            "echo runs",
            "wait $sleeper");
    MobulaProcesses.send("TERM", process);
    assertThat(process.inputReader(UTF_8).readLine()).isEqualTo("ended");
    assertThat(process.waitFor()).isEqualTo(143);
  }

  @Test
  void leavesCtrlCToJupyterHoweverOften() throws Exception {
    Process process = start("echo runs", "read line", "echo goes on", "exit 7");
    MobulaProcesses.send("INT", process);
    MobulaProcesses.send("INT", process);
    process.outputWriter(UTF_8).append("\n").flush();
    assertThat(process.inputReader(UTF_8).readLine()).isEqualTo("goes on");
    assertThat(process.waitFor()).isEqualTo(7);
  }
}
