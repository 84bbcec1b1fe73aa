package org.mobula.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.mobula.core.config.NearestName;

/**
 * The directory that runs lie in, one directory a run.
 *
 * @param directory as the user named it
 */
record Runs(Path directory) {
  /** A new run of this name. */
  Path create(String name) {
    if (name.isBlank() || name.startsWith(".") || name.contains("/") || name.contains("\\")) {
      throw CommandFailure.usage(
          "--name is \"" + name + "\" but must be the name of a directory, not a path",
          "Say where runs lie by --runs-directory.");
    }
    Path run = directory.resolve(name);
    try {
      makeDirectory();
      Files.createDirectory(run);
      return run;
    } catch (FileAlreadyExistsException e) {
      throw CommandFailure.usage(
          run + " exists already",
          "Choose another --name, or go on with that run: {mobula} train --resume "
              + Terminal.word(run));
    } catch (IOException e) {
      throw unwritable(run, e);
    }
  }

  /** A new run called after a training file, with the first free number. */
  Path createNumbered(Path file) {
    String stem = file.getFileName().toString().replaceFirst("\\.[^.]+$", "");
    for (int number = 1; ; number++) {
      Path run = directory.resolve(stem + "-" + number);
      try {
        makeDirectory();
        Files.createDirectory(run);
        return run;
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(directory)) {
          throw unwritable(run, e);
        }
      } catch (IOException e) {
        throw unwritable(run, e);
      }
    }
  }

  private void makeDirectory() throws IOException {
    if (!Files.isDirectory(directory)) { // createDirectories refuses a link to one
      try {
        Files.createDirectories(directory);
      } catch (FileAlreadyExistsException e) {
        throw new IOException(e.getFile() + " is a file", e);
      }
    }
  }

  private static CommandFailure unwritable(Path run, IOException e) {
    return CommandFailure.usage(
        "cannot make the run directory " + run + ": " + ErrorReport.message(e),
        "Name a place that can be written to by --runs-directory.");
  }

  /** An old run, by its path or its name. */
  Path find(String pathOrName) {
    for (Path run : List.of(Path.of(pathOrName), directory.resolve(pathOrName))) {
      if (isRun(run)) {
        return run;
      }
    }
    Path path = Path.of(pathOrName);
    if (Files.exists(path)) {
      throw CommandFailure.usage(
          path + " is no run: it has no config.yaml", "{mobula} runs lists the runs.");
    }
    List<String> names = list().stream().map(run -> run.getFileName().toString()).toList();
    throw CommandFailure.usage(
        "there is no run "
            + pathOrName
            + NearestName.of(String.valueOf(path.getFileName()), names)
                .map(nearest -> "; did you mean " + directory.resolve(nearest) + "?")
                .orElse(", neither here nor in " + directory),
        "{mobula} runs lists the runs.");
  }

  /** All runs by name. */
  List<Path> list() {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(Runs::isRun).sorted().toList();
    } catch (IOException e) {
      throw CommandFailure.usage(
          "cannot read " + directory + ": " + ErrorReport.message(e), "Name another directory.");
    }
  }

  private static boolean isRun(Path path) {
    return Files.isRegularFile(path.resolve("config.yaml"));
  }
}
