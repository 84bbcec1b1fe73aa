package org.mobula.cli.evaluate;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.PlayedEnvironment;
import org.mobula.cli.options.EnvironmentOption;
import org.mobula.cli.options.JsonOption;
import org.mobula.cli.options.PolicyOption;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.Json;
import org.mobula.cli.output.Program;
import org.mobula.cli.process.VectorModule;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.rendering.Episode;
import org.mobula.core.rendering.EpisodeGif;
import org.mobula.core.rendering.Picture;
import org.mobula.core.rendering.Player;
import org.mobula.core.training.Evaluation;
import org.mobula.core.training.EvaluationResult;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code evaluate}. */
@Command(
    name = "evaluate",
    description = "Let a trained policy play episodes, or one that can be watched.")
public final class EvaluateCommand implements Callable<Integer> {
  private static final int EPISODES = 100;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private PolicyOption policy;

  @Option(
      names = "--episodes",
      paramLabel = "N",
      description = "How many (default: " + EPISODES + ", and 1 with --render or --video).")
  private @Nullable Integer episodes;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "2000000",
      description =
          "Seed of the first episode, the next has one more (default: ${DEFAULT-VALUE}, far from"
              + " those of training).")
  private long seed;

  @Option(
      names = "--stochastic",
      description = "Sample actions instead of taking the most likely ones.")
  private boolean stochastic;

  @Option(
      names = "--render",
      paramLabel = "ansi|window",
      description = "Show an episode as characters, or in a window.")
  private @Nullable Render render;

  @Option(
      names = "--video",
      paramLabel = "FILE.gif",
      description = "Write a film of an episode, which needs no display.")
  private @Nullable Path video;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private EnvironmentOption environment;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonOption json;

  /** How an episode is shown. */
  enum Render {
    ANSI,
    WINDOW
  }

  /** The result as JSON. */
  record Outcome(
      String policy,
      String environment,
      int episodes,
      long seed,
      boolean stochastic,
      double returnMean,
      double returnStd,
      double returnMin,
      double returnMax,
      double lengthMean) {}

  @Override
  public Integer call() throws IOException {
    if (episodes != null && episodes < 1) {
      throw new ParameterException(
          spec.commandLine(), "--episodes is " + episodes + " but must be ≥ 1");
    } else if ((render != null ? 1 : 0) + (video != null ? 1 : 0) + (json.isGiven() ? 1 : 0) > 1) {
      throw new ParameterException(
          spec.commandLine(),
          "--render shows an episode, --video writes one and --json prints numbers: choose one");
    } else if (video != null && !video.toString().toLowerCase(Locale.ROOT).endsWith(".gif")) {
      throw new ParameterException(
          spec.commandLine(), "--video is " + video + " but must end in .gif, the one format");
    }
    VectorModule.load(); // before the first network; where it is absent, networks do without
    Chosen chosen =
        policy.take(
            (file, contents) ->
                new Chosen(file, contents, PlayedEnvironment.of(file, environment.name())));
    PolicyFile.Contents contents = chosen.contents;
    PlayedEnvironment world = chosen.world;
    world.requireFit(contents.spec());
    PrintWriter out = spec.commandLine().getOut();
    if (render != null || video != null) {
      show(contents, world, out);
    } else {
      evaluate(chosen.file, contents, world, out);
    }
    return ExitCode.OK;
  }

  /** A policy, and where it is played. */
  private record Chosen(Path file, PolicyFile.Contents contents, PlayedEnvironment world) {}

  private void show(PolicyFile.Contents contents, PlayedEnvironment world, PrintWriter out)
      throws IOException {
    if (video != null) {
      System.setProperty("java.awt.headless", "true"); // else a dead display is an error
    } else if (render == Render.WINDOW) {
      PlaybackWindow.requireDisplay();
    }
    try (Environment environment = world.factory().create();
        Policy trained = new Policy(contents.spec(), contents.snapshot(), NetworkEngine.AUTO)) {
      Player player = stochastic ? Player.sampling(trained, seed) : Player.of(trained);
      if (video != null) {
        requirePicture(environment);
        film(environment, player, video).forEach(episode -> tell(episode, world, out));
        out.println("video: " + video);
      } else if (render == Render.WINDOW) {
        requirePicture(environment);
        try (PlaybackWindow window = PlaybackWindow.open(world.name())) {
          play(environment, player, window, world, out);
        }
      } else {
        play(
            environment,
            player,
            new Playback(world.name(), Program.of(spec).terminal().out(), out),
            world,
            out);
      }
    }
  }

  /** Before a file is begun or a window opened. */
  private void requirePicture(Environment environment) {
    environment.reset(Reset.seeded(seed), new float[environment.observationSpace().size()]);
    try {
      Picture.of(environment);
    } catch (UnsupportedOperationException e) {
      throw CommandFailure.usage(
          ErrorReport.message(e),
          "Leave out " + (video == null ? "--render" : "--video") + " to see its returns.");
    }
  }

  private List<Episode> film(Environment environment, Player player, Path file) {
    try (OutputStream gif = new BufferedOutputStream(Files.newOutputStream(file))) {
      return EpisodeGif.defaults().record(environment, player, seed, shown(), gif);
    } catch (IOException e) {
      throw CommandFailure.failed(
          "the video cannot be written: " + ErrorReport.message(e),
          "Name a file by --video that can be made, in a folder that is there.",
          e);
    }
  }

  private void play(
      Environment environment,
      Player player,
      Episode.Watcher watcher,
      PlayedEnvironment world,
      PrintWriter out)
      throws IOException {
    boolean watched = true;
    for (int i = 0; i < shown() && watched; i++) {
      Episode episode = Episode.play(environment, player, seed + i, watcher);
      tell(episode, world, out);
      watched = episode.over();
    }
  }

  private int shown() {
    return episodes == null ? 1 : episodes;
  }

  private static void tell(Episode episode, PlayedEnvironment world, PrintWriter out) {
    if (episode.length() > 0) {
      out.printf(
          Locale.ROOT,
          "return %s after %d steps of %s%s%n",
          Figures.episodeReturn(episode.episodeReturn()),
          episode.length(),
          world.name(),
          episode.over() ? "" : ", not to its end");
    }
  }

  private void evaluate(
      Path file, PolicyFile.Contents contents, PlayedEnvironment world, PrintWriter out)
      throws IOException {
    int count = episodes == null ? EPISODES : episodes;
    PolicySpec form = contents.spec();
    EvaluationResult result;
    try (Evaluation evaluation =
        new Evaluation(
            world.factory(),
            form,
            NetworkEngine.AUTO.create(form.network()),
            count,
            !stochastic,
            seed,
            world.maxEpisodeSteps())) {
      result = evaluation.run(contents.snapshot());
    }
    if (json.isGiven()) {
      out.println(
          Json.of(
              new Outcome(
                  file.toString(),
                  world.name(),
                  count,
                  seed,
                  stochastic,
                  result.meanReturn(),
                  result.returnDeviation(),
                  Collections.min(result.returns()),
                  Collections.max(result.returns()),
                  result.meanLength())));
    } else {
      out.printf(
          Locale.ROOT,
          "%s episodes of %s, mean length %.1f%n",
          Figures.meanReturn(result),
          world.name(),
          result.meanLength());
      out.println("policy: " + file);
    }
  }
}
