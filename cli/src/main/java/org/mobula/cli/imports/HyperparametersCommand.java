package org.mobula.cli.imports;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.stablebaselines.ZooSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code import hyperparams}. */
@Command(
    name = "hyperparams",
    description = {
      "Print the training file that says what rl-zoo3's settings of an environment say.",
      "A setting without a twin is an error, unless it is left out."
    })
public final class HyperparametersCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "A file of rl-zoo3's hyperparams, such as ppo.yml.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path file;

  @Parameters(
      index = "1",
      paramLabel = "ENVIRONMENT",
      description = "One of those that it has settings for, such as CartPole-v1.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String environment;

  @Option(
      names = "--algorithm",
      paramLabel = "ppo|a2c|dqn|sac|td3|ddpg",
      description = "The algorithm; otherwise the file's name says it.")
  private @Nullable String algorithm;

  @Option(
      names = "--leave-out",
      split = ",",
      paramLabel = "KEY",
      description = "Settings without a twin to leave out, separated by commas.")
  private List<String> leaveOut = List.of();

  @Override
  public Integer call() {
    ZooSettings settings;
    try {
      settings =
          ZooSettings.read(file, environment, algorithm == null ? algorithm(file) : algorithm);
    } catch (IOException e) {
      throw CommandFailure.failed(
          ErrorReport.message(e), "Give a file as rl-zoo3 has them in its hyperparams.", e);
    }
    Map<String, String> without = new TreeMap<>(settings.withoutTwin());
    without.keySet().removeAll(leaveOut);
    if (!without.isEmpty()) {
      StringBuilder reasons = new StringBuilder();
      without.forEach(
          (key, reason) -> reasons.append("; ").append(key).append(": ").append(reason));
      throw CommandFailure.usage(
          "%s, %s: no twin for %s".formatted(file, environment, reasons.substring(2)),
          "The rest is printed with --leave-out " + String.join(",", without.keySet()));
    }
    spec.commandLine().getOut().print(settings.yaml());
    spec.commandLine().getOut().flush();
    return ExitCode.OK;
  }

  private static String algorithm(Path file) {
    return String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
  }
}
