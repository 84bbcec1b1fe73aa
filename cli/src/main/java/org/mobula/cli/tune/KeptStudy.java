package org.mobula.cli.tune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.tune.StudyDirectory;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;

/** A study as its journal tells it, whether it runs or not: nothing of it is changed. */
final class KeptStudy implements AutoCloseable {
  private final Path directory;
  private final Journal journal;
  private final @Nullable String name;

  /**
   * A study in a directory.
   *
   * @param name of the study in a journal with several; null for the first
   */
  KeptStudy(Path directory, @Nullable String name) {
    this(directory, StudyDirectory.journal(directory), name);
  }

  private KeptStudy(Path directory, Path journal, @Nullable String name) {
    this.directory = directory;
    this.name = name;
    if (Files.notExists(journal)) {
      throw notBegun(directory);
    }
    this.journal = Journal.read(journal);
  }

  /** A study in a journal by itself, such as Optuna's. */
  static KeptStudy ofJournal(Path journal, @Nullable String name) {
    Path beside = journal.getParent();
    return new KeptStudy(beside == null ? Path.of("") : beside, journal, name);
  }

  private static CommandFailure notBegun(Path directory) {
    return CommandFailure.usage(
        directory + " has not begun: its journal is empty",
        "{mobula} tune --resume " + directory + " begins it.");
  }

  /** Where its report and the directories of its trials lie. */
  Path directory() {
    return directory;
  }

  StudyRecord record() {
    List<String> names = journal.studies().stream().map(StudyRecord::name).toList();
    if (name == null) {
      return StudyDirectory.study(journal).orElseThrow(() -> notBegun(directory));
    }
    return journal
        .study(name)
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    "no study of the journal is called " + name,
                    names.isEmpty()
                        ? "The journal is empty."
                        : "There are " + String.join(", ", names) + "."));
  }

  /** What of the journal could not be read, and which other studies it has. */
  List<String> notes() {
    List<String> notes = new ArrayList<>(journal.warnings());
    if (name == null && journal.studies().size() > 1) {
      notes.add(
          "this is %s, the first of %s studies in the journal; --study-name names another: %s"
              .formatted(
                  record().name(),
                  journal.studies().size(),
                  journal.studies().stream()
                      .skip(1)
                      .map(StudyRecord::name)
                      .collect(Collectors.joining(", "))));
    }
    return notes;
  }

  @Override
  public void close() {
    journal.close();
  }
}
