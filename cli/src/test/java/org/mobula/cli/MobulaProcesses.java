package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** The packaged command line as processes that signals end. */
final class MobulaProcesses {
  private final Path folder;
  private final String script;
  private final List<Process> started = new ArrayList<>();

  private MobulaProcesses(Path folder, String script) {
    this.folder = folder;
    this.script = script;
  }

  /** A release is the script in bin and the jars in lib. */
  static MobulaProcesses in(Path folder) throws IOException {
    Path bin = Files.createDirectories(Path.of("target/bin").toAbsolutePath());
    Path script =
        Files.copy(Path.of("mobula"), bin.resolve("mobula"), StandardCopyOption.REPLACE_EXISTING);
    assertThat(script.toFile().setExecutable(true)).isTrue();
    return new MobulaProcesses(folder, script.toString());
  }

  Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(script));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    Process process = builder.start();
    started.add(process);
    return process;
  }

  static void send(String signal, Process process) throws Exception {
    String pid = Long.toString(process.pid()); // the script has become the JVM
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
  }

  /** The next event of that name on a process's standard output. */
  static JsonNode awaitEvent(BufferedReader events, String name) throws IOException {
    JsonNode event = nextLine(events);
    while (!event.get("event").asText().equals(name)) {
      event = nextLine(events);
    }
    return event;
  }

  static JsonNode nextLine(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new AssertionError("the process ended before it said what was awaited");
    }
    return new ObjectMapper().readTree(line);
  }

  static BufferedReader lines(Process process) {
    return process.inputReader(UTF_8);
  }

  /** Ends what was started and still runs. */
  void endAll() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }
}
