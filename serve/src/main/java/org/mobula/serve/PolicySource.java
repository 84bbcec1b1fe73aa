package org.mobula.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.RunDirectory;
import org.mobula.serve.model.PolicyModel;

/**
 * A policy's file, found.
 *
 * @param file the policy
 * @param step of the checkpoint that it lies in; null where it lies elsewhere
 * @param modified when it was written: another time is another policy
 */
record PolicySource(Path file, @Nullable String step, FileTime modified) {
  private static final Pattern STEP = Pattern.compile("step-0*(\\d+)");

  /**
   * Finds what a version of a model means now.
   *
   * @throws IOException if there is no such thing
   */
  static PolicySource find(Path path, String version) throws IOException {
    if (Files.isRegularFile(path)) {
      return of(path);
    }
    if (Files.isRegularFile(path.resolve(Policy.FILE_NAME))) {
      return of(path.resolve(Policy.FILE_NAME));
    }
    if (!Files.isDirectory(path.resolve("checkpoints"))) {
      throw new IOException(
          path
              + (Files.exists(path) ? " holds no policy" : " does not exist")
              + "; give a run directory, a checkpoint directory or a policy.safetensors file");
    }
    return of(checkpoint(new RunDirectory(path), version).resolve(Policy.FILE_NAME));
  }

  private static Path checkpoint(RunDirectory run, String version) throws IOException {
    List<Path> checkpoints = run.checkpoints();
    Optional<Path> found =
        switch (version) {
          case ModelConfig.NEWEST -> run.latest();
          case ModelConfig.BEST -> run.best();
          default ->
              checkpoints.stream()
                  .filter(c -> step(c).equals(Optional.of(version.replaceFirst("^0+(?=.)", ""))))
                  .findFirst();
        };
    return found.orElseThrow(
        () ->
            new IOException(
                checkpoints.isEmpty()
                    ? run.path() + " has no complete checkpoint yet"
                    : version.equals(ModelConfig.BEST)
                        ? run.path() + " has no best checkpoint: it was not evaluated; use newest"
                        : "%s has no checkpoint of step %s; there are %s"
                            .formatted(
                                run.path(),
                                version,
                                String.join(
                                    ", ",
                                    checkpoints.stream()
                                        .map(c -> step(c).orElseThrow())
                                        .toList()))));
  }

  private static PolicySource of(Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    return new PolicySource(
        file,
        directory == null ? null : step(directory).orElse(null),
        Files.getLastModifiedTime(file));
  }

  private static Optional<String> step(Path checkpoint) {
    Path name = checkpoint.getFileName();
    Matcher matcher = STEP.matcher(name == null ? "" : name.toString());
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** What the version is called: its step, or else how often its parameters were changed. */
  String version(PolicyModel model) {
    return step == null ? Long.toString(model.snapshot().parameters().version()) : step;
  }
}
