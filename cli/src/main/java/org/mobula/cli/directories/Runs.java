package org.mobula.cli.directories;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.Terminal;

/** The directory that runs lie in, one directory a run. */
public final class Runs {
  private final NamedDirectories directories;

  /**
   * Runs that may be there.
   *
   * @param directory as the user named it
   */
  public Runs(Path directory) {
    directories =
        new NamedDirectories(directory, "run", "--runs-directory", "config.yaml", "train --resume");
  }

  /**
   * A new run.
   *
   * @param file the training file
   * @param name null for the file's name and the first free number
   */
  public Path create(Path file, @Nullable String name) {
    return directories.create(file, name);
  }

  /** An old run, by its path or its name. */
  public Path find(String pathOrName) {
    Path path = Path.of(pathOrName);
    if (Files.isRegularFile(path.resolve(Studies.SEARCH))) {
      throw CommandFailure.usage(
          path + " is a study, not a run: each of its trials is one",
          "{mobula} tune best " + Terminal.word(path) + " shows the best one.");
    }
    return directories.find(pathOrName, "{mobula} runs lists the runs.");
  }

  /** All runs by name. */
  public List<Path> list() {
    return directories.list();
  }
}
