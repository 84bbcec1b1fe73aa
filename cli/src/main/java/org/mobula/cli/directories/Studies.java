package org.mobula.cli.directories;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.tune.StudyDirectory;

/** The directory that studies lie in, one directory a study. */
public final class Studies {
  public static final String SEARCH = "search.yaml";
  public static final String BASE = "base.yaml";
  public static final String SCHEDULE = "schedule.jsonl";
  public static final String REPORT = "report.html";

  private static final String BEGIN = "{mobula} tune SEARCH begins one.";

  private final NamedDirectories directories;

  /**
   * Studies that may be there.
   *
   * @param directory as the user named it
   */
  public Studies(Path directory) {
    directories =
        new NamedDirectories(directory, "study", "--studies-directory", SEARCH, "tune --resume");
  }

  /**
   * A new study.
   *
   * @param file the search file
   * @param name null for the file's name and the first free number
   */
  public Path create(Path file, @Nullable String name) {
    return directories.create(file, name);
  }

  /** An old study, by its path or its name. */
  public Path find(String pathOrName) {
    List<String> names =
        directories.list().stream().map(study -> study.getFileName().toString()).toList();
    return directories.find(
        pathOrName, names.isEmpty() ? BEGIN : "There are " + String.join(", ", names) + ".");
  }

  /** The study in whose journal something was written last. */
  public Path newest() {
    return directories.list().stream()
        .max(Comparator.comparing(Studies::lastChange))
        .orElseThrow(
            () -> CommandFailure.usage("there is no study in " + directories.parent(), BEGIN));
  }

  private static FileTime lastChange(Path study) {
    try {
      return Files.getLastModifiedTime(StudyDirectory.journal(study));
    } catch (IOException e) {
      return FileTime.fromMillis(0); // it has not begun
    }
  }
}
