package org.mobula.cli.tune;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.JsonLine;
import org.mobula.cli.output.Table;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "status", description = "Show the trials of a study, running or not.")
final class TuneStatusCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudyOption option;

  @Option(names = "--json", description = "Print a JSON object for each trial, one a line.")
  private boolean json;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (KeptStudy kept = option.open(spec.commandLine().getErr())) {
      StudyRecord study = kept.record();
      Table table =
          new Table()
              .row(
                  "TRIAL",
                  "STATE",
                  study.directions().size() > 1 ? "VALUES" : "VALUE",
                  "LAST REPORT",
                  "PARAMETERS");
      for (TrialRecord trial : study.trials()) {
        long step = trial.intermediateValues().isEmpty() ? 0 : trial.intermediateValues().lastKey();
        if (json) {
          out.println(
              new JsonLine()
                  .integer("trial", trial.number())
                  .text("state", StudyDisplay.state(trial))
                  .number("value", trial.value())
                  .numbers("values", trial.values())
                  .integer("step", step)
                  .object("parameters", trial.parameterValues()));
        }
        table.row(
            Integer.toString(trial.number()),
            StudyDisplay.state(trial),
            StudyDisplay.values(trial),
            step == 0 ? "-" : Figures.count(step),
            StudyDisplay.parameters(trial));
      }
      if (!json) {
        table.print(out);
        // Without a lambda: its signature would make every command load the study's classes.
        Optional<TrialRecord> best = study.best();
        if (study.directions().size() > 1) {
          out.println("Pareto front: trials " + StudyDisplay.front(study));
        } else if (best.isPresent()) {
          out.println(
              "best: trial %s, %s"
                  .formatted(best.get().number(), Figures.measurement(best.get().value())));
        }
      }
    }
    return ExitCode.OK;
  }
}
