package org.mobula.cli.tune;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Studies;
import org.mobula.tune.report.StudyReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "report",
    description = "Write a page about a study: one HTML file that needs no network.")
final class TuneReportCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudyOption option;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where to (default: report.html in the study).")
  private @Nullable Path output;

  @Override
  public Integer call() {
    try (KeptStudy kept = option.open(spec.commandLine().getErr())) {
      Path file = output == null ? kept.directory().resolve(Studies.REPORT) : output;
      StudyReport.write(kept.record(), file);
      spec.commandLine().getOut().println(file);
    }
    return ExitCode.OK;
  }
}
