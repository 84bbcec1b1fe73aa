package org.mobula.rollout.gymnasium;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a Python has of the packages whose environments it could step. Nothing of them is imported.
 *
 * @param command that starts it
 * @param version of Python; null where it does not start
 * @param executable the interpreter itself; null where it does not start
 * @param virtual whether it is one of a virtual environment
 * @param versions of the packages that are there, by their name
 * @param error why it does not start; null where it does
 */
public record PythonPackages(
    String command,
    @Nullable String version,
    @Nullable String executable,
    boolean virtual,
    Map<String, String> versions,
    @Nullable String error) {
  /** By their names on the registry; what pip is asked for brings it in the right version. */
  private static final Map<String, String> REQUIREMENTS =
      requirements(
          "gymnasium", "gymnasium",
          "pygame-ce", "gymnasium[classic-control]",
          "box2d", "gymnasium[box2d]",
          "mujoco", "gymnasium[mujoco]",
          "ale-py", "gymnasium[atari]",
          "opencv-python-headless", "opencv-python-headless",
          "envpool", "envpool");

  /** Other packages that bring the same module. */
  private static final Map<String, String> INSTEAD =
      Map.of(
          "pygame", "pygame-ce",
          "box2d-py", "box2d",
          "opencv-python", "opencv-python-headless",
          "opencv-contrib-python", "opencv-python-headless");

  private static final String QUESTION =
      """
      import sys, platform
      from importlib import metadata
      print(platform.python_version())
      print(sys.executable)
      print(sys.prefix != sys.base_prefix)
      for name in sys.argv[1:]:
          try:
              print(name, metadata.version(name))
          except metadata.PackageNotFoundError:
              pass
      """;

  private static final long PATIENCE = 60; // seconds: a cold disk, a busy machine

  /** Copies the versions. */
  public PythonPackages {
    versions = Map.copyOf(versions);
  }

  private static Map<String, String> requirements(String... pairs) {
    Map<String, String> all = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      all.put(pairs[i], pairs[i + 1]);
    }
    return all;
  }

  /**
   * The command that starts a Python.
   *
   * @param python an interpreter, or the folder of a virtual environment; null for the path's
   */
  static String command(@Nullable String python) {
    if (python == null) {
      return "python3";
    }
    Path inFolder = Path.of(python, "bin", "python");
    return Files.isExecutable(inFolder) ? inFolder.toString() : python;
  }

  /**
   * Asks a Python.
   *
   * @param python as the key of {@code environment} has it; null for the path's
   */
  public static PythonPackages of(@Nullable String python) {
    String command = command(python);
    List<String> call = new ArrayList<>(List.of(command, "-c", QUESTION));
    call.addAll(REQUIREMENTS.keySet());
    call.addAll(INSTEAD.keySet());
    try {
      Process process = new ProcessBuilder(call).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said;
      try (InputStream out = process.getInputStream()) {
        said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      if (!process.waitFor(PATIENCE, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        return absent(command, said.strip());
      }
      return read(command, said.lines().toList());
    } catch (IOException e) {
      return absent(command, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return absent(command, "interrupted");
    }
  }

  private static PythonPackages absent(String command, String error) {
    return new PythonPackages(command, null, null, false, Map.of(), error);
  }

  private static PythonPackages read(String command, List<String> lines) {
    Map<String, String> versions = new LinkedHashMap<>();
    for (String line : lines.subList(3, lines.size())) {
      String[] parts = line.split(" ", 2);
      versions.put(INSTEAD.getOrDefault(parts[0], parts[0]), parts[1]);
    }
    return new PythonPackages(
        command, lines.get(0), lines.get(1), Boolean.parseBoolean(lines.get(2)), versions, null);
  }

  /** Whether Gymnasium or EnvPool is there, so that some environments can be stepped. */
  public boolean canStep() {
    return versions.containsKey("gymnasium") || versions.containsKey("envpool");
  }

  /** The packages that are not there, in the order in which one would want them. */
  public List<String> missing() {
    return REQUIREMENTS.keySet().stream().filter(name -> !versions.containsKey(name)).toList();
  }

  /** The line for a shell that installs all that is missing; empty where nothing is. */
  public Optional<String> remedy() {
    List<String> requirements =
        missing().stream().map(name -> "'" + REQUIREMENTS.get(name) + "'").toList();
    if (requirements.isEmpty()) {
      return Optional.empty();
    }
    String wanted = String.join(" ", requirements);
    return Optional.of(
        virtual
            ? executable + " -m pip install " + wanted
            : "python3 -m venv .venv && .venv/bin/pip install "
                + wanted
                + ", then python: .venv in the file's environment");
  }
}
