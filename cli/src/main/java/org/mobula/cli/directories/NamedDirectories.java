package org.mobula.cli.directories;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Terminal;
import org.mobula.core.config.NearestName;

/**
 * A directory in which all runs, or all studies, lie, each in a directory with its name.
 *
 * @param parent as the user named it
 * @param kind what one of them is called, such as {@code run}
 * @param option by which the user says where they lie
 * @param marker the file that each of them has
 * @param resume the command that goes on with one, such as {@code train --resume}
 */
record NamedDirectories(Path parent, String kind, String option, String marker, String resume) {
  /**
   * Makes the directory of a new one.
   *
   * @param name null for the file's name and the first free number
   */
  Path create(Path file, @Nullable String name) {
    if (name != null
        && (name.isBlank() || name.startsWith(".") || name.contains("/") || name.contains("\\"))) {
      throw CommandFailure.usage(
          "--name is \"" + name + "\" but must be the name of a directory, not a path",
          "Say where it is to lie by " + option + ".");
    }
    String stem = file.getFileName().toString().replaceFirst("\\.[^.]+$", "");
    for (int number = 1; ; number++) {
      Path made = parent.resolve(name == null ? stem + "-" + number : name);
      try {
        makeParent();
        return Files.createDirectory(made);
      } catch (FileAlreadyExistsException e) {
        if (name != null) {
          throw CommandFailure.usage(
              made + " exists already",
              "Choose another --name, or resume that %s: {mobula} %s %s"
                  .formatted(kind, resume, Terminal.word(made)));
        }
      } catch (IOException e) {
        throw CommandFailure.usage(
            "cannot make the %s directory %s: %s".formatted(kind, made, ErrorReport.message(e)),
            "Name a place that can be written to by " + option + ".");
      }
    }
  }

  private void makeParent() throws IOException {
    if (!Files.isDirectory(parent)) { // createDirectories refuses a link to one
      try {
        Files.createDirectories(parent);
      } catch (FileAlreadyExistsException e) {
        throw new IOException(e.getFile() + " is a file", e);
      }
    }
  }

  /**
   * An old one, by its path or its name.
   *
   * @param remedy for a user who has named none
   */
  Path find(String pathOrName, String remedy) {
    Path path = Path.of(pathOrName);
    for (Path place : List.of(path, parent.resolve(pathOrName))) {
      if (isOne(place)) {
        return place;
      }
    }
    if (Files.exists(path)) {
      throw CommandFailure.usage("%s is no %s: it has no %s".formatted(path, kind, marker), remedy);
    }
    List<String> names = list().stream().map(one -> one.getFileName().toString()).toList();
    String nearest =
        NearestName.of(String.valueOf(path.getFileName()), names)
            .map(name -> "; did you mean " + parent.resolve(name) + "?")
            .orElse(", neither here nor in " + parent);
    throw CommandFailure.usage("there is no " + kind + " " + pathOrName + nearest, remedy);
  }

  /** All of them, by name. */
  List<Path> list() {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(parent)) {
      return entries.filter(this::isOne).sorted().toList();
    } catch (IOException e) {
      throw CommandFailure.usage(
          "cannot read " + parent + ": " + ErrorReport.message(e), "Name another directory.");
    }
  }

  private boolean isOne(Path path) {
    return Files.isRegularFile(path.resolve(marker));
  }
}
