package org.mobula.cli.tune;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Studies;
import org.mobula.cli.options.JsonEventsOption;
import org.mobula.cli.options.TraceOption;
import org.mobula.cli.options.TraceOption.Timeline;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.Program;
import org.mobula.cli.output.Terminal;
import org.mobula.cli.process.VectorModule;
import org.mobula.tune.scheduler.PbtReplay;
import org.mobula.tune.storage.TrialRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "replay",
    description = {
      "Train once more with the schedule of values by which population based training (pbt) came to"
          + " a trial.",
      "It is a study of its own, which --resume continues."
    })
final class TuneReplayCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudyOption option;

  @Option(
      names = "--trial",
      paramLabel = "N",
      description = "The trial to come to (default: the best).")
  private @Nullable Integer number;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the new study; otherwise replay and a number.")
  private @Nullable String name;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private TraceOption trace;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonEventsOption json;

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    VectorModule.loadOrNote(err); // before the first network
    StudyRun run;
    try (KeptStudy kept = option.open(err)) {
      if (Files.notExists(kept.directory().resolve(Studies.SEARCH))) {
        throw CommandFailure.usage(
            kept.directory() + " has no " + Studies.SEARCH + ": it was not made by mobula tune",
            "PbtReplay.of replays it in Java.");
      }
      TrialRecord trial = TuneBestCommand.trial(kept, number);
      if (PbtReplay.of(kept.record(), trial).changes().size() < 2) {
        throw CommandFailure.usage(
            "trial %s of %s never started from another's checkpoint: its values did not change"
                .formatted(trial.number(), kept.directory()),
            "{mobula} tune best %s --trial %s shows how to train with them."
                .formatted(Terminal.word(kept.directory()), trial.number()));
      }
      run = StudyRun.replay(kept, trial, option.studies(), name);
    }
    try (Timeline timeline = trace.open()) {
      return run.run(
          spec.commandLine().getOut(), err, Program.of(spec).terminal(), json.isGiven(), timeline);
    }
  }
}
