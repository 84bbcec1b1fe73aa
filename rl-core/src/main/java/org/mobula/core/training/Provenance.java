package org.mobula.core.training;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a checkpoint came about.
 *
 * @param mobula version of this library
 * @param java version and vendor of the JVM
 * @param system operating system and architecture
 * @param host name of the machine
 * @param processors available to the JVM
 * @param writtenAt time of the checkpoint, UTC
 * @param seed root of the random numbers
 * @param environmentSteps taken so far
 * @param wallSeconds of training so far
 * @param commit of the git repository that the working directory lies in; null outside of one or
 *     before the first
 */
@JsonNaming(PropertyNamingStrategies.KebabCaseStrategy.class)
record Provenance(
    String mobula,
    String java,
    String system,
    String host,
    int processors,
    String writtenAt,
    long seed,
    long environmentSteps,
    double wallSeconds,
    @Nullable String commit) {

  /** Of a checkpoint written now. */
  static Provenance now(long seed, TrainingProgress progress) {
    String version = Provenance.class.getPackage().getImplementationVersion();
    return new Provenance(
        version == null ? "development" : version,
        System.getProperty("java.version") + " " + System.getProperty("java.vendor"),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        hostName(),
        Runtime.getRuntime().availableProcessors(),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        seed,
        progress.environmentSteps(),
        progress.wallSeconds(),
        commit(Path.of("").toAbsolutePath()));
  }

  /** From the environment or a file: asking the network for it can take seconds. */
  private static String hostName() {
    for (String variable : List.of("HOSTNAME", "COMPUTERNAME")) {
      String name = System.getenv(variable);
      if (name != null) {
        return name;
      }
    }
    try {
      return text(Path.of("/etc/hostname"));
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** Reads the commit from git's own files: no program needs to be there. */
  static @Nullable String commit(Path from) {
    for (Path directory = from; directory != null; directory = directory.getParent()) {
      Path git = directory.resolve(".git");
      if (Files.exists(git)) {
        try {
          return head(git);
        } catch (IOException | InvalidPathException e) {
          return null;
        }
      }
    }
    return null;
  }

  private static @Nullable String head(Path dotGit) throws IOException {
    // In a worktree or submodule it is a file that names the directory.
    Path git =
        Files.isDirectory(dotGit)
            ? dotGit
            : dotGit.resolveSibling(text(dotGit).replaceFirst("^gitdir: ", ""));
    String head = text(git.resolve("HEAD"));
    if (!head.startsWith("ref: ")) {
      return head;
    }
    String branch = head.substring("ref: ".length());
    Path common = git.resolve("commondir"); // of a worktree: where the branches are
    Path shared = Files.exists(common) ? git.resolve(text(common)) : git;
    Path loose = shared.resolve(branch);
    if (Files.exists(loose)) {
      return text(loose);
    }
    for (String line : Files.readAllLines(shared.resolve("packed-refs"))) {
      if (line.endsWith(" " + branch)) {
        return line.substring(0, line.indexOf(' '));
      }
    }
    return null;
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file).strip();
  }
}
