package org.mobula.tune;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.mobula.tune.storage.Journal;

/**
 * Where a study lies:
 *
 * <pre>
 *   journal.log       all that happened
 *   trials/00007/     what a trial keeps; 00007.paused/ as it was when it last paused
 *   processes/…       a locked file for each process that works on the study
 * </pre>
 */
public final class StudyDirectory implements AutoCloseable {
  /** The lock is held for moments: whoever was killed while holding it must not hold up others. */
  private static final Duration DEAD_AFTER = Duration.ofSeconds(3);

  private final Path path;
  private final String process = UUID.randomUUID().toString();
  private final FileChannel channel;
  private final FileLock lock;

  private StudyDirectory(Path path) throws IOException {
    this.path = path;
    Files.createDirectories(path.resolve("processes"));
    channel =
        FileChannel.open(processFile(process), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    lock = channel.lock();
  }

  /** The journal's place in a study's directory. */
  public static Path journal(Path directory) {
    return directory.resolve("journal.log");
  }

  /** A trial's place in a study's directory. */
  public static Path trial(Path directory, int number) {
    return directory.resolve("trials").resolve(String.format(Locale.ROOT, "%05d", number));
  }

  /** Begins to work on a study. */
  static StudyDirectory hold(Path path) {
    try {
      return new StudyDirectory(path);
    } catch (IOException e) {
      throw new UncheckedIOException("the study's directory cannot be written: " + path, e);
    }
  }

  Journal openJournal() {
    return Journal.open(journal(path), DEAD_AFTER);
  }

  Path trial(int number) {
    return trial(path, number);
  }

  /** What this process is called in the journal. */
  String process() {
    return process;
  }

  private Path processFile(String name) {
    return path.resolve("processes").resolve(name);
  }

  /** Whether a process still works on the study. The system frees a dead one's lock. */
  boolean isAlive(String name) {
    if (name.equals(process)) {
      return true;
    }
    try (FileChannel other = FileChannel.open(processFile(name), StandardOpenOption.WRITE)) {
      FileLock free = other.tryLock();
      if (free == null) {
        return true;
      }
      Files.deleteIfExists(processFile(name));
      return false;
    } catch (OverlappingFileLockException e) {
      return true; // another study loop of this very process
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a trial has left anything. */
  boolean exists(int number) {
    return Files.exists(trial(number));
  }

  /** Keeps what a paused trial left, as it is now. */
  void keepPaused(int number) {
    replace(trial(number), paused(number));
  }

  /** Gives a trial that begins what another left when it last paused. */
  void restorePaused(int donor, int number) {
    replace(paused(donor), trial(number));
  }

  private Path paused(int number) {
    Path trial = trial(number);
    return trial.resolveSibling(trial.getFileName() + ".paused");
  }

  /** Copies, so that a process killed in between leaves the former or the new one whole. */
  private static void replace(Path from, Path to) {
    Path part = to.resolveSibling(to.getFileName() + ".part");
    try {
      delete(part);
      copy(from, part);
      delete(to);
      if (Files.exists(part)) {
        Files.move(part, to);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    if (!Files.exists(from)) {
      return;
    }
    List<Path> entries;
    try (Stream<Path> tree = Files.walk(from)) {
      entries = tree.toList();
    }
    for (Path entry : entries) {
      Path target = to.resolve(from.relativize(entry).toString());
      if (Files.isDirectory(entry)) {
        Files.createDirectories(target);
      } else {
        Files.copy(entry, target);
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> entries = Files.walk(directory)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    }
  }

  @Override
  public void close() {
    try {
      lock.release();
      channel.close();
      Files.deleteIfExists(processFile(process));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
