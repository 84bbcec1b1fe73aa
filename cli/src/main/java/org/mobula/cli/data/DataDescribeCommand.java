package org.mobula.cli.data;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.options.JsonOption;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.Json;
import org.mobula.cli.output.Table;
import org.mobula.core.recording.RecordingReport;
import org.mobula.core.recording.RecordingReport.Coverage;
import org.mobula.core.recording.RecordingReport.Summary;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "describe",
    description =
        "Show the episodes of recordings, their returns, how much of the spaces they cover, and what"
            + " is broken.")
final class DataDescribeCommand implements Callable<Integer> {
  /** More numbers than a screen has lines are an image's, or alike. */
  private static final int NUMBERS_SHOWN = 40;

  private static final int CHOICES_SHOWN = 16;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      paramLabel = "PATH",
      description = "A Parquet file, or a folder with some in or below it.")
  @SuppressWarnings("NullAway.Init") // required
  private Path path;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonOption json;

  @Override
  public Integer call() throws IOException {
    RecordingReport report;
    try {
      report = RecordingReport.of(path);
    } catch (IOException e) {
      throw CommandFailure.failed(
          ErrorReport.message(e),
          "{mobula} record RUN and {mobula} serve RUN --record DIR write recordings.",
          e);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json.isGiven()) {
      out.println(Json.of(report));
    } else {
      print(report, out);
    }
    return ExitCode.OK;
  }

  private static void print(RecordingReport report, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%s episodes of %s steps, from %s rows in %s%n",
        Figures.count(report.episodes()),
        Figures.count(report.steps()),
        Figures.count(report.rows()),
        report.files() == 1 ? "1 file" : Figures.count(report.files()) + " files");
    Table table = new Table();
    if (!report.models().isEmpty()) {
      table.row(
          "policy",
          String.join(", ", report.models())
              + (report.versions().isEmpty()
                  ? ""
                  : ", version " + String.join(", ", report.versions())));
    }
    String whose = report.spacesNamed() ? "" : ", as it looks: the files name no spaces";
    table.row("observations", report.observationSpace() + whose);
    table.row("actions", report.actionSpace() + whose);
    table.row("returns", told(report.returns()));
    table.row("lengths", told(report.lengths()));
    table.row(
        "ends",
        "%s terminated, %s truncated, %s neither"
            .formatted(
                Figures.count(report.terminated()),
                Figures.count(report.truncated()),
                Figures.count(report.episodes() - report.terminated() - report.truncated())));
    table.row(
        "log-probabilities", report.logProbabilities() ? "of every action" : "not of every action");
    table.print(out);
    out.println();
    coverage(report, out);
    out.println();
    if (report.problems().isEmpty()) {
      out.println("nothing is broken");
    }
    report
        .problems()
        .forEach(
            problem ->
                out.println(
                    "%s %s (first: %s)"
                        .formatted(
                            Figures.count(problem.count()), problem.meaning(), problem.first())));
  }

  private static String told(@Nullable Summary summary) {
    return summary == null
        ? "-"
        : String.format(
            Locale.ROOT,
            "mean %.1f ± %.1f, from %.1f to %.1f, median %.1f",
            summary.mean(),
            summary.deviation(),
            summary.least(),
            summary.greatest(),
            summary.median());
  }

  private static void coverage(RecordingReport report, PrintWriter out) {
    Table table = new Table().row("NUMBER", "LEAST", "MEAN", "GREATEST", "BOUNDS", "COVERED");
    rows(table, "observation", report.observations());
    rows(table, "action", report.actions());
    table.print(out);
  }

  private static void rows(Table table, String name, List<Coverage> numbers) {
    for (Coverage number : numbers.subList(0, Math.min(NUMBERS_SHOWN, numbers.size()))) {
      Double covered = number.covered();
      table.row(
          numbers.size() == 1 ? name : name + " " + number.number(),
          Figures.measurement(number.least()),
          Figures.measurement(number.mean()),
          Figures.measurement(number.greatest()),
          bound(number.low()) + " … " + bound(number.high()),
          (covered == null ? "-" : Math.round(100 * covered) + " %")
              + (number.isConstant() ? ", never changes" : "")
              + shares(number.shares()));
    }
    if (numbers.size() > NUMBERS_SHOWN) {
      table.row("… and " + (numbers.size() - NUMBERS_SHOWN) + " more, which --json shows");
    }
  }

  private static String bound(@Nullable Double bound) {
    return bound == null ? "-" : Figures.measurement(bound);
  }

  private static String shares(List<Double> shares) {
    return shares.isEmpty() || shares.size() > CHOICES_SHOWN
        ? ""
        : IntStream.range(0, shares.size())
            .mapToObj(i -> i + ": " + Math.round(100 * shares.get(i)) + " %")
            .collect(Collectors.joining(", ", " of the choices; ", ""));
  }
}
