package org.mobula.cli.options;

import java.nio.file.Path;
import org.mobula.cli.directories.Runs;
import picocli.CommandLine.Option;

/** Where the runs are that a command makes or looks for. */
public final class RunsOption {
  @Option(
      names = "--runs-directory",
      paramLabel = "DIRECTORY",
      defaultValue = "runs",
      description = "Where runs lie (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path directory;

  /** The directory as the user named it. */
  public Path directory() {
    return directory;
  }

  /** The runs in it. */
  public Runs runs() {
    return new Runs(directory);
  }
}
