package org.mobula.tune.storage;

import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/**
 * The lock that Optuna's {@code JournalFileSymlinkLock} takes: whoever makes the symbolic link
 * {@code FILE.lock} may append to the file. A link that nobody uses any more is removed after a
 * grace period in which neither it nor the file has changed.
 */
final class JournalLock {
  private static final long LONGEST_PAUSE_MILLIS = 16;

  // Windows lets only administrators make links; any file of that name locks out Optuna as well.
  private static final boolean LINKS = File.separatorChar == '/';

  private final Path file;
  private final Path lock;
  private final Duration gracePeriod;

  JournalLock(Path file, Duration gracePeriod) {
    this.file = file;
    this.lock = file.resolveSibling(file.getFileName() + ".lock");
    this.gracePeriod = gracePeriod;
  }

  /** Waits until the lock is free and takes it. */
  void acquire() throws IOException {
    String seen = "";
    long since = System.nanoTime();
    long pauseMillis = 1;
    while (!tryAcquire()) {
      String now = signsOfLife();
      if (!now.equals(seen)) {
        seen = now;
        since = System.nanoTime();
      } else if (System.nanoTime() - since > gracePeriod.toNanos()) {
        release();
        continue;
      }
      try {
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while somebody else held " + lock);
      }
      pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
    }
  }

  /** Gives the lock back; does nothing if somebody has broken it in the meantime. */
  void release() throws IOException {
    // Renamed first, as in Optuna: of two that remove the same link only one can succeed.
    Path removed =
        lock.resolveSibling(lock.getFileName() + UUID.randomUUID().toString() + ".rename");
    try {
      Files.move(lock, removed);
      Files.delete(removed);
    } catch (NoSuchFileException e) {
      // Broken after the grace period. What was appended is whole nevertheless.
    }
  }

  private boolean tryAcquire() throws IOException {
    try {
      if (LINKS) {
        // Optuna looks through the link at the file's time, so the target has to be absolute.
        Files.createSymbolicLink(lock, file);
      } else {
        Files.createFile(lock);
      }
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private String signsOfLife() throws IOException {
    try {
      return Files.getLastModifiedTime(lock, LinkOption.NOFOLLOW_LINKS)
          + " "
          + Files.getLastModifiedTime(file);
    } catch (NoSuchFileException e) {
      return "released";
    }
  }
}
