package org.mobula.cli.notebook;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code notebook}. */
@Command(
    name = "notebook",
    description = {
      "Start Jupyter with Mobula in its Java kernel, until a signal ends it.",
      "Jupyter is that of .venv here, else the one on PATH."
    })
public final class NotebookCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "DIRECTORY",
      defaultValue = ".",
      description = "Where notebooks lie (default: here).")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path directory;

  @Option(names = "--examples", description = "Open the notebooks that come with Mobula instead.")
  private boolean examples;

  @Option(
      names = "--jupyter",
      arity = "1..*",
      paramLabel = "ARGUMENT",
      description =
          "Give Jupyter these arguments instead, such as execute first.ipynb. Must come last.")
  private List<String> arguments = List.of();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Jupyter jupyter = Jupyter.find(Path.of(""), System.getenv().getOrDefault("PATH", ""));
    if (!arguments.isEmpty()) {
      return jupyter.run(arguments);
    }
    Path opened = examples ? Jupyter.examples() : directory;
    return jupyter.run(List.of(jupyter.frontEnd(), opened.toString()));
  }
}
