package org.mobula.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The study that a command is about. */
final class StudyOption {
  @Parameters(
      arity = "0..1",
      paramLabel = "STUDY",
      description = "A study, by path or name (default: the newest).")
  private @Nullable String study;

  @Option(
      names = "--studies-directory",
      paramLabel = "DIRECTORY",
      defaultValue = "studies",
      description = "Where studies lie (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path studiesDirectory;

  /** The study as its journal tells it. */
  KeptStudy open() {
    Studies studies = new Studies(studiesDirectory);
    return new KeptStudy(study == null ? studies.newest() : studies.find(study));
  }
}
