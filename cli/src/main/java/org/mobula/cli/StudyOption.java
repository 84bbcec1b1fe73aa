package org.mobula.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.StudyDirectory;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The study that a command is about. */
final class StudyOption {
  @Parameters(
      arity = "0..1",
      paramLabel = "STUDY",
      description =
          "A study, by path or name (default: the newest); also one that was made in Java, or the"
              + " file of an Optuna journal.")
  private @Nullable String study;

  @Option(
      names = "--studies-directory",
      paramLabel = "DIRECTORY",
      defaultValue = "studies",
      description = "Where studies lie (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private Path studiesDirectory;

  @Option(
      names = "--study-name",
      paramLabel = "NAME",
      description = "Which study of a journal that has several (default: the first).")
  private @Nullable String name;

  /**
   * The study as its journal tells it.
   *
   * @param notes what a person should know of the journal is printed there
   */
  KeptStudy open(PrintWriter notes) {
    KeptStudy kept = find();
    for (String note : kept.notes()) {
      notes.println("note: " + note);
    }
    return kept;
  }

  /** The directory of the studies. */
  Studies studies() {
    return new Studies(studiesDirectory);
  }

  private KeptStudy find() {
    Studies studies = studies();
    if (study == null) {
      return new KeptStudy(studies.newest(), name);
    }
    Path path = Path.of(study);
    if (Files.isRegularFile(path)) {
      return KeptStudy.ofJournal(path, name);
    }
    boolean madeElsewhere = Files.isRegularFile(StudyDirectory.journal(path));
    return new KeptStudy(madeElsewhere ? path : studies.find(study), name);
  }
}
