package org.mobula.cli.tune;

import java.nio.file.Path;
import org.mobula.cli.directories.Studies;
import picocli.CommandLine.Option;

/** Where the studies are that a command makes or looks for. */
final class StudiesOption {
  @Option(
      names = "--studies-directory",
      paramLabel = "DIRECTORY",
      defaultValue = "studies",
      description = "Where studies lie (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path directory;

  /** The studies in it. */
  Studies studies() {
    return new Studies(directory);
  }
}
