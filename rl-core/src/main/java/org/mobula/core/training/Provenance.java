package org.mobula.core.training;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.io.IOException;
import java.nio.file.Files;
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
 * @param commit of the git repository that the working directory lies in; null outside of one
 */
@JsonNaming(PropertyNamingStrategies.KebabCaseStrategy.class)
public record Provenance(
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
      return Files.readString(Path.of("/etc/hostname")).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** Reads the commit from git's own files: no program needs to be there. */
  private static @Nullable String commit(@Nullable Path directory) {
    while (directory != null && !Files.isDirectory(directory.resolve(".git"))) {
      directory = directory.getParent();
    }
    if (directory == null) {
      return null;
    }
    try {
      Path git = directory.resolve(".git");
      String head = Files.readString(git.resolve("HEAD")).strip();
      if (!head.startsWith("ref: ")) {
        return head;
      }
      Path branch = git.resolve(head.substring(5));
      return Files.exists(branch) ? Files.readString(branch).strip() : null;
    } catch (IOException e) {
      return null;
    }
  }
}
