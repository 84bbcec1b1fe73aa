package org.mobula.cli.imports;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.directories.RunState;
import org.mobula.cli.options.RunsOption;
import org.mobula.cli.options.SettingsOption;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Program;
import org.mobula.cli.output.Terminal;
import org.mobula.cli.process.VectorModule;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.collection.ExternalEpisodes;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.stablebaselines.StableBaselinesRun;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.StartingPoint;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
import org.mobula.core.training.config.TrainingConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code import}. */
@Command(
    name = "import",
    description = {
      "Make a run of what Stable-Baselines3 has trained and saved by model.save.",
      "Nothing in the file is executed. The run has the policy, its critics and its optimizer; it can"
          + " be resumed, evaluated, served and exported."
    },
    subcommands = HyperparametersCommand.class)
public final class ImportCommand implements Callable<Integer> {
  private static final String REASON = "imported";

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "ZIP",
      description = "The file, of PPO, A2C, DQN, SAC, TD3 or DDPG.")
  private @Nullable Path file;

  @Option(
      names = "--normalization",
      paramLabel = "PKL",
      description = "What VecNormalize.save wrote, where observations or rewards were normalised.")
  private @Nullable Path normalization;

  @Option(
      names = "--environment",
      paramLabel = "NAME",
      description =
          "The environment that it was trained in, which the file does not say: a name, or one of"
              + " Python's as gymnasium:ID. Without it other processes play one with the file's"
              + " spaces.")
  private @Nullable String environment;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the run; otherwise the file's name and a number.")
  private @Nullable String name;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private SettingsOption settings;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private RunsOption runsOption;

  /** A run that can be made: all that could be wrong with it has been looked at. */
  private record Import(
      StableBaselinesRun source,
      TrainingConfig config,
      EnvironmentFactory environment,
      StartingPoint start) {}

  @Override
  public Integer call() throws IOException {
    if (file == null) {
      throw new ParameterException(
          spec.commandLine(), "give the ZIP that Stable-Baselines3's model.save wrote");
    }
    PrintWriter out = spec.commandLine().getOut();
    VectorModule.loadOrNote(spec.commandLine().getErr());
    Import taken = take(file);
    Path run = runsOption.runs().create(file, name);
    make(taken, run);
    report(out, taken, run);
    return ExitCode.OK;
  }

  private Import take(Path zip) throws IOException {
    if (environment != null && !ConfiguredEnvironment.isName(environment)) {
      ConfiguredEnvironment.describe(environment); // says what is near
    }
    Path training = Files.createTempFile("mobula-import", ".yaml");
    try {
      StableBaselinesRun source = StableBaselinesRun.read(zip, normalization);
      Files.writeString(
          training, ConfigWriter.write(source.config(environment), ConfigFiles.alternatives()));
      TrainingConfig config = ConfigFiles.read(training, settings.settings());
      EnvironmentFactory factory = ConfiguredEnvironment.of(config, training, settings.settings());
      PolicySpec policy =
          ConfiguredEnvironment.policy(config, factory, training, settings.settings());
      return new Import(source, config, factory, source.start(config, policy));
    } catch (IOException | IllegalArgumentException e) { // the latter of a setting out of its range
      throw CommandFailure.failed(
          ErrorReport.message(e),
          "Nothing was imported. README.md of cli says what can be taken over.",
          e);
    } finally {
      Files.delete(training);
    }
  }

  private static void make(Import taken, Path run) throws IOException {
    try (RunState state = RunState.hold(run)) {
      Trainer.Builder builder = Trainer.builder(taken.config).directory(run).startFrom(taken.start);
      ConfiguredEnvironment.plug(taken.config, taken.environment, builder);
      ExternalEnvironmentConfig external = taken.config.environment().external();
      if (external != null) {
        builder.experience(setup -> unplayed(external, setup));
      }
      Trainer trainer = builder.build();
      trainer.stop(REASON); // so that it takes no step
      state.write(RunState.Kind.of(trainer.train()), REASON);
    }
  }

  /** Lanes for episodes, of which none is played before the run is resumed. */
  private static ExperienceSource unplayed(
      ExternalEnvironmentConfig external, ExperienceSetup setup) {
    int count = setup.config().environment().count();
    List<RolloutCollector> lanes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lanes.add(setup.collector(i, count));
    }
    return new ExternalEpisodes(external.environment(), external.timeout(), System::nanoTime)
        .collector(lanes);
  }

  private void report(PrintWriter out, Import taken, Path run) throws IOException {
    for (String note : taken.source.notes()) {
      spec.commandLine().getErr().println("note: " + note);
    }
    out.printf(
        Locale.ROOT,
        "%s: %s, %,d parameters, %,d environment steps, %,d steps of the optimizer%n",
        run,
        taken.source.algorithm().toUpperCase(Locale.ROOT),
        taken.start.store().parameters().values().length,
        taken.start.environmentSteps(),
        taken.start.store().optimizerSteps());
    out.println("checkpoint: " + new RunDirectory(run).latest().orElseThrow());
    out.println(
        "resume: %s train --resume %s%s"
            .formatted(
                Program.of(spec).terminal().command(),
                Terminal.word(run),
                taken.config.environment().external() == null ? "" : " --listen"));
  }
}
