package org.mobula.core.training;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a run keeps what it leaves behind:
 *
 * <pre>
 *   config.yaml  metrics.csv  metrics.jsonl  events.out.tfevents.…  learning-curve.svg
 *   checkpoints/step-000000102400/   whole, by being renamed when it is
 *   checkpoints/best                 the name of the best one
 * </pre>
 *
 * <p>{@code checkpoints} is made for its owner alone, where the file system knows permissions: what
 * a run has learnt is nobody else's until its owner says so.
 */
public final class RunDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

  private final Path path;

  /** The directory of a run, new or old. */
  public RunDirectory(Path path) {
    this.path = path;
  }

  /** Where the directory lies. */
  public Path path() {
    return path;
  }

  /** The run's configuration. */
  public Path config() {
    return path.resolve("config.yaml");
  }

  /** The measurements as a table. */
  public Path metricsCsv() {
    return path.resolve("metrics.csv");
  }

  /** The measurements, one JSON object a line. */
  public Path metricsJsonLines() {
    return path.resolve("metrics.jsonl");
  }

  /** The learning curve. */
  public Path learningCurve() {
    return path.resolve("learning-curve.svg");
  }

  /** Complete checkpoints, oldest first. */
  public List<Path> checkpoints() throws IOException {
    Path directory = path.resolve("checkpoints");
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .filter(entry -> entry.getFileName().toString().matches("step-\\d{12}"))
          .sorted()
          .toList();
    }
  }

  /**
   * The environment steps that a run had taken at a checkpoint.
   *
   * @param checkpoint one of {@link #checkpoints()}
   */
  public static long environmentSteps(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("step-".length()));
  }

  /** The newest complete checkpoint. */
  public Optional<Path> latest() throws IOException {
    List<Path> checkpoints = checkpoints();
    return checkpoints.isEmpty()
        ? Optional.empty()
        : Optional.of(checkpoints.get(checkpoints.size() - 1));
  }

  /** The checkpoint of the best evaluation, if evaluations were made while training. */
  public Optional<Path> best() throws IOException {
    Path pointer = path.resolve("checkpoints").resolve("best");
    if (!Files.exists(pointer)) {
      return Optional.empty();
    }
    return Optional.of(pointer.resolveSibling(Files.readString(pointer).strip()))
        .filter(Files::isDirectory);
  }

  /**
   * Keeps other trainers out of this directory until the lock is closed or the process ends,
   * however it does.
   *
   * @throws IllegalStateException if another trainer has it
   */
  FileChannel lock() throws IOException {
    FileChannel channel =
        FileChannel.open(
            path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      LOG.debug("a trainer of this process has the lock", e);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    throw new IllegalStateException(
        path + " is being trained by another trainer; wait until it ends, or train elsewhere");
  }

  /** Where the checkpoint after this many environment steps belongs. */
  Path checkpoint(long environmentSteps) {
    return path.resolve("checkpoints")
        .resolve(String.format(Locale.ROOT, "step-%012d", environmentSteps));
  }

  /** Points to the best checkpoint, at once or not at all. */
  void markBest(Path checkpoint) throws IOException {
    Path pointer = checkpoint.resolveSibling("best");
    Path written = checkpoint.resolveSibling(".best");
    write(written, checkpoint.getFileName() + "\n");
    Files.move(
        written, pointer, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Deletes all but the newest checkpoints and the best, and what a killed run left half done. */
  void keep(int newest) throws IOException {
    List<Path> checkpoints = checkpoints();
    Optional<Path> best = best();
    for (Path checkpoint : checkpoints.subList(0, Math.max(0, checkpoints.size() - newest))) {
      if (best.isEmpty() || !best.get().equals(checkpoint)) {
        delete(checkpoint);
      }
    }
    try (Stream<Path> entries = Files.list(path.resolve("checkpoints"))) {
      for (Path entry : entries.filter(e -> e.toString().endsWith(".part")).toList()) {
        delete(entry);
      }
    }
  }

  /** Makes a directory, unless it is there, that nobody else may look into. */
  static void makeForOwner(Path directory) throws IOException {
    if (Files.exists(directory)) {
      return;
    }
    Path parent = directory.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    boolean posix =
        parent != null && Files.getFileAttributeView(parent, PosixFileAttributeView.class) != null;
    FileAttribute<?>[] owner = {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    };
    Files.createDirectories(directory, posix ? owner : new FileAttribute<?>[0]);
  }

  /** Writes a file and waits until it is on the disk. */
  static void write(Path file, String text) throws IOException {
    Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    sync(file);
  }

  /** Waits until a file, or a directory's entries, are on the disk. */
  static void sync(Path path) throws IOException {
    if (Files.isDirectory(path) && System.getProperty("os.name").startsWith("Windows")) {
      return; // Windows cannot open a directory, and needs no sync of its entries.
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Deletes a directory with all that is in it, if it is there. */
  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> entries = Files.walk(directory)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    }
  }
}
