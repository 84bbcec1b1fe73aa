package org.mobula.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.NearestName;
import org.mobula.tune.StudyDirectory;

/**
 * The directory that studies lie in, one directory a study.
 *
 * @param directory as the user named it
 */
record Studies(Path directory) {
  static final String SEARCH = "search.yaml";
  static final String BASE = "base.yaml";
  static final String REPORT = "report.html";

  /**
   * A new study.
   *
   * @param name null for the file's name and the first free number
   */
  Path create(Path file, @Nullable String name) {
    if (name != null
        && (name.isBlank() || name.startsWith(".") || name.contains("/") || name.contains("\\"))) {
      throw CommandFailure.usage(
          "--name is \"" + name + "\" but must be the name of a directory, not a path",
          "Say where studies lie by --studies-directory.");
    }
    String stem = file.getFileName().toString().replaceFirst("\\.[^.]+$", "");
    for (int number = 1; ; number++) {
      Path study = directory.resolve(name == null ? stem + "-" + number : name);
      try {
        if (!Files.isDirectory(directory)) {
          Files.createDirectories(directory);
        }
        return Files.createDirectory(study);
      } catch (FileAlreadyExistsException e) {
        if (name != null) {
          throw CommandFailure.usage(
              study + " exists already",
              "Choose another --name, or go on with that study: {mobula} tune --resume "
                  + Terminal.word(study));
        } else if (!Files.isDirectory(directory)) {
          throw unwritable(study, e);
        }
      } catch (IOException e) {
        throw unwritable(study, e);
      }
    }
  }

  private static CommandFailure unwritable(Path study, IOException e) {
    return CommandFailure.usage(
        "cannot make the study's directory " + study + ": " + ErrorReport.message(e),
        "Name a place that can be written to by --studies-directory.");
  }

  /** An old study, by its path or its name. */
  Path find(String pathOrName) {
    for (Path study : List.of(Path.of(pathOrName), directory.resolve(pathOrName))) {
      if (isStudy(study)) {
        return study;
      }
    }
    List<String> names = list().stream().map(study -> study.getFileName().toString()).toList();
    throw CommandFailure.usage(
        "there is no study "
            + pathOrName
            + NearestName.of(String.valueOf(Path.of(pathOrName).getFileName()), names)
                .map(nearest -> "; did you mean " + directory.resolve(nearest) + "?")
                .orElse(", neither here nor in " + directory),
        names.isEmpty()
            ? "{mobula} tune SEARCH begins one."
            : "There are " + String.join(", ", names) + ".");
  }

  /** The study in whose journal something was written last. */
  Path newest() {
    return list().stream()
        .max(Comparator.comparing(Studies::lastChange))
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    "there is no study in " + directory, "{mobula} tune SEARCH begins one."));
  }

  private static FileTime lastChange(Path study) {
    try {
      return Files.getLastModifiedTime(StudyDirectory.journal(study));
    } catch (IOException e) {
      return FileTime.fromMillis(0); // it has not begun
    }
  }

  private List<Path> list() {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(Studies::isStudy).sorted().toList();
    } catch (IOException e) {
      throw CommandFailure.usage(
          "cannot read " + directory + ": " + ErrorReport.message(e), "Name another directory.");
    }
  }

  private static boolean isStudy(Path path) {
    return Files.isRegularFile(path.resolve(SEARCH));
  }
}
