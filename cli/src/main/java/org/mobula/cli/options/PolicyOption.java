package org.mobula.cli.options;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiFunction;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.training.RunDirectory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which trained policy a command takes. */
public final class PolicyOption {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      paramLabel = "RUN_OR_CHECKPOINT",
      description =
          "A run by its name or path, a checkpoint in one or its checkpoints/best, or a"
              + " policy.safetensors.")
  @SuppressWarnings("NullAway.Init") // required
  private String policy;

  @Option(names = "--best", description = "Take the run's best checkpoint by evaluation.")
  private boolean best;

  @Option(names = "--latest", description = "Take the run's newest checkpoint (the default).")
  private boolean latest;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private RunsOption runsOption;

  /**
   * Makes something of the policy's file and what is in it. A run that trains may delete its newest
   * checkpoint while it is read: there is a newer one, which is taken.
   */
  public <T> T take(BiFunction<Path, PolicyFile.Contents, T> maker) throws IOException {
    if (best && latest) {
      throw new ParameterException(spec.commandLine(), "choose one of --best and --latest");
    }
    while (true) {
      Path file = file();
      try {
        return maker.apply(file, read(file));
      } catch (CommandFailure e) {
        if (Files.exists(file) || file.equals(file())) {
          throw e;
        }
      }
    }
  }

  private Path file() throws IOException {
    Path path = Path.of(policy);
    boolean inRun = best || latest;
    if (!inRun
        && (Files.isRegularFile(path)
            || path.endsWith("checkpoints/best")
            || Files.exists(path.resolve(Policy.FILE_NAME)))) {
      try {
        return PolicyFile.locate(path);
      } catch (IOException e) {
        throw unreadable(e);
      }
    }
    RunDirectory run = new RunDirectory(runsOption.runs().find(policy));
    return (best ? run.best() : run.latest())
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    run.path() + " has no " + (best ? "best " : "") + "checkpoint",
                    best
                        ? "Evaluations while training choose it; take the newest by --latest."
                        : "Let it train for longer: {mobula} train --resume " + run.path()))
        .resolve(Policy.FILE_NAME);
  }

  private static PolicyFile.Contents read(Path file) {
    try {
      return PolicyFile.read(file);
    } catch (IOException | RuntimeException e) {
      throw unreadable(e);
    }
  }

  private static CommandFailure unreadable(Exception e) {
    return CommandFailure.failed(
        "the policy cannot be read: " + ErrorReport.message(e),
        "Try another checkpoint of the run; its folder checkpoints holds them.",
        e);
  }
}
