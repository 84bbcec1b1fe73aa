package org.mobula.cli.tune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.report.StudyTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "export-csv", description = "Print a study's trials as a table.")
final class TuneExportCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudyOption option;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write it there (default: standard output).")
  private @Nullable Path output;

  @Override
  public Integer call() throws IOException {
    try (KeptStudy kept = option.open(spec.commandLine().getErr())) {
      String csv = StudyTable.csv(kept.record());
      if (output == null) {
        spec.commandLine().getOut().print(csv);
      } else {
        Files.writeString(output, csv);
      }
    }
    return ExitCode.OK;
  }
}
