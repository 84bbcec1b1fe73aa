package org.mobula.cli.notebook;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.process.StopSignals;

/** An installation of Jupyter whose Java kernel, JJava, is given Mobula. */
record Jupyter(Path executables) {
  static final String INSTALL = "python3 -m venv .venv && .venv/bin/pip install --pre ";
  private static final String KERNEL = "jjava==1.0a8";

  /**
   * The one of {@code .venv} in a directory, else the first on a path.
   *
   * @throws CommandFailure if there is none, and how to get it
   */
  static Jupyter find(Path directory, String path) {
    List<Path> places = new ArrayList<>();
    places.add(directory.resolve(".venv/bin").toAbsolutePath());
    for (String place : path.split(File.pathSeparator, -1)) {
      if (!place.isEmpty()) {
        places.add(Path.of(place).toAbsolutePath());
      }
    }
    for (Path place : places) {
      if (Files.isExecutable(place.resolve("jupyter"))) {
        return new Jupyter(place);
      }
    }
    throw CommandFailure.usage(
        "no jupyter found, neither in .venv nor on PATH",
        "Install it with: " + INSTALL + "jupyterlab " + KERNEL);
  }

  /** What a browser shows. */
  String frontEnd() {
    return Stream.of("lab", "notebook")
        .filter(name -> Files.isExecutable(executables.resolve("jupyter-" + name)))
        .findFirst()
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    executables.resolve("jupyter") + " has neither JupyterLab nor Notebook",
                    "Install one with: " + executables.resolve("pip") + " install jupyterlab"));
  }

  /** Runs to its end, with this process's terminal. */
  int run(List<String> arguments) throws IOException, InterruptedException {
    requireKernel();
    List<String> command = new ArrayList<>(List.of(executables.resolve("jupyter").toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder
        .environment()
        .putAll(
            kernelEnvironment(
                builder.environment(),
                classPath(),
                ManagementFactory.getRuntimeMXBean().getInputArguments()));
    // Jupyter asks after a Ctrl-C whether it shall end, and takes a second one for a yes.
    try (StopSignals signals = StopSignals.leaveToChildren()) {
      Process process = builder.start();
      if (signals.exitCode() != 0) {
        process.destroy(); // the signal came before there was a child
      }
      int code = process.waitFor();
      return signals.exitCode() != 0 ? signals.exitCode() : code;
    }
  }

  /** Only a look at the usual place, and a question to Jupyter where the kernel is elsewhere. */
  private void requireKernel() throws IOException, InterruptedException {
    if (Files.isDirectory(executables.resolveSibling("share/jupyter/kernels/java"))) {
      return;
    }
    Process list =
        new ProcessBuilder(executables.resolve("jupyter").toString(), "kernelspec", "list")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String kernels = new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    list.waitFor();
    if (kernels.lines().noneMatch(line -> line.strip().matches("java\\s.*"))) {
      throw CommandFailure.usage(
          executables.resolve("jupyter") + " has no Java kernel",
          "Install it with: " + executables.resolve("pip") + " install --pre " + KERNEL);
    }
  }

  /**
   * What the kernel needs to have Mobula, on this Java, with the Vector API.
   *
   * @param before the environment, whose own settings stay
   * @param options of this JVM; those for the compiler are the kernel's too
   */
  static Map<String, String> kernelEnvironment(
      Map<String, String> before, String classPath, List<String> options) {
    String compiler =
        options.stream()
            .filter(option -> option.startsWith("-XX:CompileCommand"))
            .collect(Collectors.joining(" "));
    String jvm =
        "--add-modules jdk.incubator.vector " + compiler + " " + text(before, "JJAVA_JVM_OPTS");
    return Map.of(
        "JJAVA_CLASSPATH", joined(classPath, text(before, "JJAVA_CLASSPATH")),
        "JJAVA_JVM_OPTS", jvm.strip().replaceAll(" +", " "),
        "PATH",
            joined(
                Path.of(System.getProperty("java.home"), "bin").toString(), text(before, "PATH")),
        "OPT_OUT_TRACKING", "true");
  }

  private static String text(Map<String, String> environment, String name) {
    return environment.getOrDefault(name, "");
  }

  private static String joined(String one, String other) {
    return other.isEmpty() ? one : one + File.pathSeparator + other;
  }

  /** The jars beside this class's, or in a build the class path. */
  private static String classPath() throws IOException {
    Path here = ownLocation();
    if (Files.isDirectory(here)) {
      return System.getProperty("java.class.path");
    }
    try (Stream<Path> files = Files.list(here.getParent())) {
      return files
          .map(Path::toString)
          .filter(name -> name.endsWith(".jar"))
          .sorted()
          .collect(Collectors.joining(File.pathSeparator));
    }
  }

  /**
   * The notebooks that come with Mobula, in a release or in the source tree.
   *
   * @throws CommandFailure if they are gone
   */
  static Path examples() throws IOException {
    Path here = ownLocation();
    for (Path above = here.getParent(); above != null; above = above.getParent()) {
      Path notebooks = above.resolve("notebooks");
      if (Files.exists(notebooks.resolve("1-first-training.ipynb"))) {
        return notebooks;
      }
    }
    throw CommandFailure.usage(
        "no folder above " + here + " has Mobula's notebooks", "Unpack the release again.");
  }

  /** The jar or the folder of this class. */
  private static Path ownLocation() throws IOException {
    try {
      return Path.of(Jupyter.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }
}
