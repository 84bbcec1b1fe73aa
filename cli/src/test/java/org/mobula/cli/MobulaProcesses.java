package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The packaged command line as processes that signals end. */
public final class MobulaProcesses {
  private static final Map<Process, Output> OUTPUTS = new ConcurrentHashMap<>();

  private final Path folder;
  private final String script;
  private final List<Process> started = new ArrayList<>();

  private MobulaProcesses(Path folder, String script) {
    this.folder = folder;
    this.script = script;
  }

  /** A release is the script in bin and the jars in lib. */
  public static MobulaProcesses in(Path folder) throws IOException {
    Path bin = Files.createDirectories(Path.of("target/bin").toAbsolutePath());
    Path script =
        Files.copy(Path.of("mobula"), bin.resolve("mobula"), StandardCopyOption.REPLACE_EXISTING);
    assertThat(script.toFile().setExecutable(true)).isTrue();
    return new MobulaProcesses(folder, script.toString());
  }

  public Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(script));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    Process process = builder.start();
    started.add(process);
    return process;
  }

  public static void send(String signal, Process process) throws Exception {
    String pid = Long.toString(process.pid()); // the script has become the JVM
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
  }

  /** The next event of that name on a process's standard output. */
  public static JsonNode awaitEvent(Process process, String name) throws IOException {
    JsonNode event = nextLine(process);
    while (!event.get("event").asText().equals(name)) {
      event = nextLine(process);
    }
    return event;
  }

  /** The next line on a process's standard output. */
  public static JsonNode nextLine(Process process) throws IOException {
    String line = OUTPUTS.computeIfAbsent(process, Output::new).next();
    if (line == null) {
      throw new AssertionError(
          "the process ended before it said what was awaited:\n"
              + process.errorReader(UTF_8).lines().collect(Collectors.joining("\n")));
    }
    return new ObjectMapper().readTree(line);
  }

  /**
   * What a process says, read as it comes: one whose output nobody reads stops at a full pipe. Of
   * the iterations that nobody has asked for the newest are kept.
   */
  private static final class Output {
    private static final String ITERATION = "\"event\":\"iteration\"";
    private static final int MOST_ITERATIONS = 8;

    private final Deque<String> lines = new ArrayDeque<>();
    private int iterations;
    private boolean ended;

    Output(Process process) {
      Thread reader = new Thread(() -> read(process), "output of " + process.pid());
      reader.setDaemon(true);
      reader.start();
    }

    private void read(Process process) {
      try {
        process.inputReader(UTF_8).lines().forEach(this::add);
      } catch (UncheckedIOException e) {
        // It was ended, and its output closed.
      }
      end();
    }

    private synchronized void add(String line) {
      if (line.contains(ITERATION)) {
        if (iterations == MOST_ITERATIONS) {
          String oldest =
              lines.stream().filter(each -> each.contains(ITERATION)).findFirst().orElseThrow();
          lines.removeFirstOccurrence(oldest);
        } else {
          iterations++;
        }
      }
      lines.add(line);
      notifyAll();
    }

    private synchronized void end() {
      ended = true;
      notifyAll();
    }

    /** Null at the end. */
    synchronized @Nullable String next() {
      try {
        while (lines.isEmpty() && !ended) {
          wait();
        }
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted while a process's output was awaited", e);
      }
      String line = lines.poll();
      if (line != null && line.contains(ITERATION)) {
        iterations--;
      }
      return line;
    }
  }

  /** Ends what was started and still runs. */
  public void endAll() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
      OUTPUTS.remove(process);
    }
  }
}
