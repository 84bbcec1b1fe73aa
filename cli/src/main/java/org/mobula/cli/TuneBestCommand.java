package org.mobula.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.mobula.tune.StudyDirectory;
import org.mobula.tune.TrainingObjective;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Main main = (Main) spec.root().userObject();
    try (KeptStudy kept = option.open()) {
      StudyRecord study = kept.record();
      TrialRecord best =
          study
              .best()
              .orElseThrow(
                  () ->
                      CommandFailure.usage(
                          "no trial of " + kept.directory() + " is complete",
                          "{mobula} tune status " + kept.directory() + " shows why."));
      out.println(
          "trial %s of %s: %s"
              .formatted(best.number(), study.trials().size(), Figures.measurement(best.value())));
      best.parameterValues().forEach((key, value) -> out.println("  " + key + ": " + value));
      Path run = StudyDirectory.trial(kept.directory(), best.number());
      if (Files.isDirectory(run)) {
        out.println(
            "evaluate it: " + main.terminal().command() + " evaluate " + Terminal.word(run));
        String model = kept.directory().toAbsolutePath().normalize().getFileName() + "=" + run;
        out.println("serve it: " + main.terminal().command() + " serve " + Terminal.word(model));
      }
      StringBuilder train =
          new StringBuilder(main.terminal().command())
              .append(" train ")
              .append(Terminal.word(kept.directory().resolve(Studies.BASE)));
      for (String setting : TrainingObjective.settings(best.parameterValues())) {
        train.append(" --set ").append(Terminal.word(setting));
      }
      out.println("train anew: " + train);
    }
    return ExitCode.OK;
  }
}
