package org.mobula.cli.options;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** In which environment a trained policy plays. */
public final class EnvironmentOption {
  @Option(
      names = "--environment",
      paramLabel = "NAME",
      description =
          "Play in this environment, with its own settings, instead of the one that the run is"
              + " judged in: evaluation.environment, else environment.")
  private @Nullable String name;

  /** Its name; null for the run's own. */
  public @Nullable String name() {
    return name;
  }
}
