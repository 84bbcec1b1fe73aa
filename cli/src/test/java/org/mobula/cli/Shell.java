package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs programs as a shell does, in a folder and an environment. */
public final class Shell {
  private final Path folder;
  private final Map<String, String> environment;

  private Shell(Path folder, Map<String, String> environment) {
    this.folder = folder;
    this.environment = environment;
  }

  /** What a program left behind. */
  record Outcome(int exitCode, String out, String err) {}

  public static Shell in(Path folder) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.remove("MOBULA_JAVA_OPTS");
    environment.remove("JAVA_TOOL_OPTIONS"); // every JVM would say that it saw them
    return new Shell(folder, environment);
  }

  Shell with(String name, String value) {
    Map<String, String> changed = new HashMap<>(environment);
    changed.put(name, value);
    return new Shell(folder, changed);
  }

  Shell without(String name) {
    Map<String, String> changed = new HashMap<>(environment);
    changed.remove(name);
    return new Shell(folder, changed);
  }

  Outcome run(String... command) throws IOException, InterruptedException {
    return start(command).outcome();
  }

  public Running start(String... command) throws IOException {
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(List.of(command))
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    return new Running(builder.start(), out, err);
  }

  /** A program under way. */
  record Running(Process process, Path out, Path err) {
    Outcome outcome() throws IOException, InterruptedException {
      process.getOutputStream().close();
      int exitCode = process.waitFor();
      Outcome outcome =
          new Outcome(exitCode, Files.readString(out, UTF_8), Files.readString(err, UTF_8));
      Files.delete(out);
      Files.delete(err);
      return outcome;
    }
  }

  /** Writes an executable shell script. */
  public static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n", UTF_8);
    if (!file.toFile().setExecutable(true)) {
      throw new IOException("cannot make executable: " + file);
    }
  }
}
