package org.mobula.cli.runs;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Runs;
import org.mobula.cli.options.JsonOption;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.Json;
import org.mobula.cli.output.Program;
import org.mobula.cli.output.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code runs}. */
@Command(
    name = "runs",
    description = {
      "List the runs of a directory: how far they came and what became of them.",
      "A run is running, finished, interrupted (by a signal), failed or killed; unknown if it was"
          + " not trained by this command line."
    })
public final class RunsCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "DIRECTORY",
      description = "Where runs lie (default: runs).")
  private @Nullable Path directory;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonOption json;

  @Override
  public Integer call() throws IOException {
    if (directory != null && !Files.isDirectory(directory)) {
      throw CommandFailure.usage(
          directory + " is no directory",
          "{mobula} train makes its runs in runs unless another directory is given.");
    }
    Path place = directory == null ? Path.of("runs") : directory;
    List<RunSummary> runs = new ArrayList<>();
    for (Path run : new Runs(place).list()) {
      runs.add(RunSummary.of(run));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json.isGiven()) {
      out.println(Json.of(runs));
    } else if (runs.isEmpty()) {
      String mobula = Program.of(spec).terminal().command();
      out.println("no runs in " + place + "; " + mobula + " train CONFIG begins one");
    } else {
      table(runs, Instant.now()).print(out);
    }
    return ExitCode.OK;
  }

  private static Table table(List<RunSummary> runs, Instant now) {
    Table table =
        new Table()
            .row(
                "RUN",
                "ENVIRONMENT",
                "ALGORITHM",
                "STEPS",
                "RETURN",
                "EVALUATION",
                "STATE",
                "UPDATED");
    for (RunSummary run : runs) {
      double age = Duration.between(Instant.parse(run.updatedAt()), now).toMillis() / 1e3;
      table.row(
          run.name(),
          Objects.requireNonNullElse(run.environment(), "-"),
          Objects.requireNonNullElse(run.algorithm(), "-"),
          Figures.count(run.environmentSteps()),
          figure(run.lastReturn()),
          figure(run.lastEvaluation()),
          run.state(),
          Figures.duration(Math.max(0, age)) + " ago");
    }
    return table;
  }

  private static String figure(@Nullable Double value) {
    return Figures.episodeReturn(value == null ? Double.NaN : value);
  }
}
