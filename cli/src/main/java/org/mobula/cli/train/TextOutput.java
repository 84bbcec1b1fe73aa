package org.mobula.cli.train;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.Terminal;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;

/** Results on standard output, progress on standard error. */
record TextOutput(PrintWriter out, PrintWriter err, Terminal terminal) implements RunOutput {
  @Override
  public void begin(Path run, TrainingConfig config, long stepsBefore) {
    String from = stepsBefore == 0 ? "" : " from step " + Figures.count(stepsBefore);
    err.println(
        "training %s in %s%s → %s"
            .formatted(ConfigFiles.algorithm(config), config.environment().id(), from, run));
  }

  @Override
  public void listening(String url) {
    err.println("takes episodes at " + url + "/act");
  }

  @Override
  public TrainingDisplay display(Pace pace) {
    return terminal.columns() > 0
        ? new ProgressBar(err, terminal.columns(), pace)
        : new ProgressLines(err, pace);
  }

  @Override
  public void end(Path run, TrainingConfig config, TrainingResult result) {
    String taken =
        "%s environment steps in %s"
            .formatted(
                Figures.count(result.progress().environmentSteps()),
                Figures.duration(result.progress().wallSeconds()));
    if (result.interrupted()) {
      out.println("stopped by " + result.reason() + " after " + taken);
    } else {
      result
          .evaluation()
          .ifPresent(e -> out.println(Figures.meanReturn(e) + " evaluation episodes"));
      out.println(taken + "; ended because " + result.reason());
    }
    out.println("run: " + run);
    out.println(
        "next: "
            + terminal.command()
            + next(result, config)
            + Terminal.word(run)
            + (result.interrupted() && listens(config) ? " --listen" : "")
            + (!result.interrupted() && ConfiguredEnvironment.isBuiltIn(config)
                ? " --render ansi" // a class of the user's own need not have such a picture
                : ""));
  }

  private static boolean listens(TrainingConfig config) {
    return config.environment().external() != null && !config.algorithm().learnsFromRecordings();
  }

  private static String next(TrainingResult result, TrainingConfig config) {
    if (result.interrupted()) {
      return " train --resume ";
    }
    return ConfiguredEnvironment.canEvaluate(config) ? " evaluate " : " serve ";
  }

  @Override
  public void endJoined(TrainingResult result) {
    out.println(
        "%s environment steps taken with the other learners; ended because %s"
            .formatted(Figures.count(result.progress().environmentSteps()), result.reason()));
  }

  @Override
  public void failed(@Nullable Path run, String message) {}
}
