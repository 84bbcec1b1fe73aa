package org.mobula.tune;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;

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

  /** Names the study's system attribute with the last time at which a process was alive. */
  private static final String HEARTBEAT = "mobula:heartbeat/";

  /** Between a process's own name and its machine's. */
  private static final String AT = "@";

  private static final Duration BETWEEN_HEARTBEATS = Duration.ofSeconds(30);

  /** A process on another machine from which nothing was heard for so long is dead. */
  private static final Duration SILENCE = Duration.ofMinutes(2);

  private final Path path;
  private final InstantSource clock;
  private final String process;
  private @Nullable Instant lastBeat;
  private final FileChannel channel;
  private final FileLock lock;

  private StudyDirectory(Path path, InstantSource clock, String machine) throws IOException {
    this.path = path;
    this.clock = clock;
    process = UUID.randomUUID() + AT + machine;
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

  /**
   * Begins to work on a study.
   *
   * @param clock of the heartbeats
   */
  static StudyDirectory hold(Path path, InstantSource clock) {
    return hold(path, clock, machine());
  }

  static StudyDirectory hold(Path path, InstantSource clock, String machine) {
    try {
      return new StudyDirectory(path, clock, machine);
    } catch (IOException e) {
      throw new UncheckedIOException("the study's directory cannot be written: " + path, e);
    }
  }

  /**
   * The study whose directory this is: the first of its journal, whatever the directory is called
   * now.
   */
  public static Optional<StudyRecord> study(Journal journal) {
    return journal.studies().stream().findFirst();
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

  private static String machine() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  /** Says in the journal that this process is alive, if it has not done so for a while. */
  void beat(Journal journal, StudyRecord study) {
    Instant now = clock.instant();
    Instant last = lastBeat;
    if (last == null || !now.isBefore(last.plus(BETWEEN_HEARTBEATS))) {
      lastBeat = now;
      journal.setSystemAttribute(study, HEARTBEAT + process, now.toString());
    }
  }

  /** Says in the journal that this process works on the study no more. */
  void leave(Journal journal, StudyRecord study) {
    journal.setSystemAttribute(study, HEARTBEAT + process, "ended " + clock.instant());
  }

  /**
   * Whether a process still works on the study. On this machine the system frees a dead one's lock;
   * of another machine, whose locks may not reach here, the heartbeats in the journal tell.
   */
  boolean isAlive(String name, StudyRecord study) {
    if (name.equals(process)) {
      return true;
    }
    boolean elsewhere =
        name.contains(AT)
            && !name.substring(name.indexOf(AT)).equals(process.substring(process.indexOf(AT)));
    Object heartbeat = study.systemAttributes().get(HEARTBEAT + name);
    if (elsewhere && heartbeat instanceof String time) {
      return isRecent(time);
    }
    return isLocked(name);
  }

  private boolean isRecent(String time) {
    try {
      return clock.instant().isBefore(Instant.parse(time).plus(SILENCE));
    } catch (DateTimeParseException e) {
      return false;
    }
  }

  private boolean isLocked(String name) {
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
