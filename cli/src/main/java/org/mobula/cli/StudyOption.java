package org.mobula.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The study that a command is about. */
final class StudyOption {
  @Parameters(arity = "1", paramLabel = "STUDY", description = "A study, by path or name.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String study;

  @Option(
      names = "--studies-directory",
      paramLabel = "DIRECTORY",
      defaultValue = "studies",
      description = "Where studies lie (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path studiesDirectory;

  String study() {
    return study;
  }

  Path studiesDirectory() {
    return studiesDirectory;
  }
}
