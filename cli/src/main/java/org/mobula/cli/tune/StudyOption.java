package org.mobula.cli.tune;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Studies;
import org.mobula.tune.StudyDirectory;
import picocli.CommandLine.Mixin;
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

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudiesOption studiesOption;

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
    return studiesOption.studies();
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
