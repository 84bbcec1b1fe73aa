package org.mobula.cli.record;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.mobula.cli.composition.PlayedEnvironment;
import org.mobula.cli.options.EnvironmentOption;
import org.mobula.cli.options.JsonOption;
import org.mobula.cli.options.PolicyOption;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.Json;
import org.mobula.cli.process.VectorModule;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.recording.RecordingWriter;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.PolicyRecording;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code record}. */
@Command(
    name = "record",
    description = "Let a trained policy play episodes, and write them down as Parquet files.")
public final class RecordCommand implements Callable<Integer> {
  private static final List<String> WITHIN_RUN = List.of("checkpoints");

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private PolicyOption policy;

  @Option(
      names = "--episodes",
      paramLabel = "N",
      defaultValue = "100",
      description = "How many (default: ${DEFAULT-VALUE}).")
  private int episodes;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = "recordings",
      description =
          "Where the folder with the policy's name goes (default: ${DEFAULT-VALUE}); whatever is"
              + " there stays.")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path output;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "3000000",
      description =
          "Seed of the first episode, the next has one more (default: ${DEFAULT-VALUE}, far from"
              + " those of training and of evaluate).")
  private long seed;

  @Option(
      names = "--stochastic",
      description =
          "Sample actions instead of taking the most likely ones; then their log-probabilities tell"
              + " how likely others would have been.")
  private boolean stochastic;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private EnvironmentOption environment;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonOption json;

  /** The result as JSON. */
  record Outcome(
      String policy,
      String environment,
      String recordings,
      int episodes,
      long steps,
      long seed,
      boolean stochastic,
      double returnMean,
      double returnStd,
      double returnMin,
      double returnMax,
      double lengthMean) {}

  /** A policy, and where it plays. */
  private record Chosen(Path file, PolicyFile.Contents contents, PlayedEnvironment world) {}

  @Override
  public Integer call() throws IOException {
    if (episodes < 1) {
      throw new ParameterException(
          spec.commandLine(), "--episodes is " + episodes + " but must be ≥ 1");
    }
    VectorModule.load(); // before the first network; where it is absent, networks do without
    Chosen chosen =
        policy.take(
            (file, contents) ->
                new Chosen(file, contents, PlayedEnvironment.of(file, environment.name())));
    PolicySpec form = chosen.contents.spec();
    chosen.world.requireFit(form);
    String model = model(chosen.file);
    Path directory = output.resolve(model);
    InstantSource clock = InstantSource.system();
    RecordingWriter.Source source =
        new RecordingWriter.Source(
            // Of this process alone, in the order of time.
            String.format(Locale.ROOT, "%011x-%x", clock.millis(), ProcessHandle.current().pid()),
            model,
            version(chosen.file),
            !stochastic,
            form.observationSpace(),
            form.actionSpace(),
            form.masksActions(),
            true,
            form.hasValue());
    EvaluationResult result;
    try (Policy trained = new Policy(form, chosen.contents.snapshot(), NetworkEngine.AUTO);
        RecordingWriter writer = RecordingWriter.open(directory, source, clock)) {
      result =
          new PolicyRecording(chosen.world.factory(), trained, chosen.world.maxEpisodeSteps())
              .play(episodes, seed, stochastic, writer);
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
    tell(chosen, directory, result, spec.commandLine().getOut());
    return ExitCode.OK;
  }

  private static CommandFailure unwritable(Path directory, IOException e) {
    return CommandFailure.failed(
        "%s cannot be written: %s".formatted(directory, ErrorReport.message(e)),
        "Name a folder that can be made and has room by --output.",
        e);
  }

  /** The name of the run's folder, else of the file's. */
  private static String model(Path file) {
    Path place = file.toAbsolutePath().normalize().getParent();
    while (place != null
        && place.getFileName() != null
        && (version(place.resolve(Policy.FILE_NAME)).length() > 0
            || WITHIN_RUN.contains(place.getFileName().toString()))) {
      place = place.getParent();
    }
    return place == null || place.getFileName() == null ? "policy" : place.getFileName().toString();
  }

  /** The step of the checkpoint that it lies in, as a server calls it; empty elsewhere. */
  private static String version(Path file) {
    Path checkpoint = file.toAbsolutePath().normalize().getParent();
    String name = String.valueOf(checkpoint == null ? null : checkpoint.getFileName());
    return name.matches("step-\\d+") ? name.replaceFirst("step-0*(?=\\d)", "") : "";
  }

  private void tell(Chosen chosen, Path directory, EvaluationResult result, PrintWriter out)
      throws IOException {
    if (json.isGiven()) {
      out.println(
          Json.of(
              new Outcome(
                  chosen.file.toString(),
                  chosen.world.name(),
                  directory.toString(),
                  episodes,
                  result.lengths().stream().mapToLong(Integer::longValue).sum(),
                  seed,
                  stochastic,
                  result.meanReturn(),
                  result.returnDeviation(),
                  Collections.min(result.returns()),
                  Collections.max(result.returns()),
                  result.meanLength())));
      return;
    }
    out.printf(
        Locale.ROOT,
        "%s episodes of %s, mean length %.1f%n",
        Figures.meanReturn(result),
        chosen.world.name(),
        result.meanLength());
    out.println("recordings: " + directory);
  }
}
