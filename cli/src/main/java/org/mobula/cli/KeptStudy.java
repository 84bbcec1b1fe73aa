package org.mobula.cli;

import java.nio.file.Path;
import org.mobula.tune.StudyDirectory;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;

/** A study as its journal tells it, whether it runs or not. */
final class KeptStudy implements AutoCloseable {
  private final Path directory;
  private final Journal journal;

  KeptStudy(Path directory) {
    this.directory = directory;
    journal = Journal.open(StudyDirectory.journal(directory));
  }

  Path directory() {
    return directory;
  }

  StudyRecord record() {
    return journal.studies().stream()
        .findFirst()
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    directory + " has not begun: its journal is empty",
                    "{mobula} tune --resume " + directory + " begins it."));
  }

  @Override
  public void close() {
    journal.close();
  }
}
