package org.mobula.cli.tune;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Studies;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.JsonLine;
import org.mobula.cli.output.Program;
import org.mobula.cli.output.Table;
import org.mobula.cli.output.Terminal;
import org.mobula.tune.StudyDirectory;
import org.mobula.tune.TrainingObjective;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "best",
    description =
        "Show a study's best trial, how to evaluate and serve it, and to train with its values.")
final class TuneBestCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudyOption option;

  @Option(
      names = "--trial",
      paramLabel = "N",
      description =
          "Show that trial (default: the best; of several objectives, the table of those on the"
              + " Pareto front).")
  private @Nullable Integer number;

  @Option(
      names = "--json",
      description = "Print a JSON object, one for each trial on a Pareto front, with every digit.")
  private boolean json;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    String mobula = Program.of(spec).terminal().command();
    try (KeptStudy kept = option.open(spec.commandLine().getErr())) {
      StudyRecord study = kept.record();
      TrialRecord best = trial(kept, number);
      if (json) {
        boolean all = number == null && study.directions().size() > 1;
        for (TrialRecord trial : all ? study.bestTrials() : List.of(best)) {
          out.println(json(trial));
        }
        return ExitCode.OK;
      }
      if (number == null && study.directions().size() > 1) {
        front(study, out);
        out.println(
            "more of one: %s tune best %s --trial %s"
                .formatted(mobula, Terminal.word(kept.directory()), best.number()));
        return ExitCode.OK;
      }
      out.println(
          "trial %s of %s: %s"
              .formatted(best.number(), study.trials().size(), StudyDisplay.values(best)));
      best.parameterValues().forEach((key, value) -> out.println("  " + key + ": " + value));
      Path run = StudyDirectory.trial(kept.directory(), best.number());
      if (Files.isDirectory(run)) {
        out.println("evaluate it: " + mobula + " evaluate " + Terminal.word(run));
        String model = kept.directory().toAbsolutePath().normalize().getFileName() + "=" + run;
        out.println("serve it: " + mobula + " serve " + Terminal.word(model));
      }
      Path base = kept.directory().resolve(Studies.BASE);
      if (Files.exists(base)) {
        out.println("train anew: " + train(mobula, base, best));
      }
    }
    return ExitCode.OK;
  }

  /**
   * A trial of a study.
   *
   * @param number null for the best one
   */
  static TrialRecord trial(KeptStudy kept, @Nullable Integer number) {
    StudyRecord study = kept.record();
    if (number != null) {
      if (number < 0 || number >= study.trials().size()) {
        throw CommandFailure.usage(
            "--trial is %s but %s has %s trials, counted from 0"
                .formatted(number, kept.directory(), study.trials().size()),
            "{mobula} tune status " + kept.directory() + " lists them.");
      }
      return study.trials().get(number);
    }
    List<TrialRecord> front = study.directions().size() > 1 ? study.bestTrials() : List.of();
    return (front.isEmpty() ? study.best() : Optional.of(front.get(0)))
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    "no trial of " + kept.directory() + " is complete",
                    "{mobula} tune status " + kept.directory() + " shows why."));
  }

  private static JsonLine json(TrialRecord trial) {
    return new JsonLine()
        .integer("trial", trial.number())
        .number("value", trial.value())
        .numbers("values", trial.values())
        .object("parameters", trial.parameterValues());
  }

  /** The trials of which none is better than another in every objective. */
  private static void front(StudyRecord study, PrintWriter out) {
    Table table = new Table().row("TRIAL", "VALUES", "PARAMETERS");
    for (TrialRecord trial : study.bestTrials()) {
      table.row(
          Integer.toString(trial.number()),
          StudyDisplay.values(trial),
          StudyDisplay.parameters(trial));
    }
    table.print(out);
  }

  private static String train(String mobula, Path base, TrialRecord best) {
    StringBuilder train = new StringBuilder(mobula).append(" train ").append(Terminal.word(base));
    for (String setting : TrainingObjective.settings(best.parameterValues())) {
      train.append(" --set ").append(Terminal.word(setting));
    }
    return train.toString();
  }
}
