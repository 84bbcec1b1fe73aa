package org.mobula.tune.storage;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a journal, read once each and only ever added to.
 *
 * <p>A last line that is not whole, because its writer was killed or the disk was full, is taken
 * for not written, as Optuna takes it; it is cut off before the next line is added, since Optuna
 * could read no further otherwise.
 */
final class JournalFile implements AutoCloseable {
  private static final int PIECE_BYTES = 1 << 20;
  private static final long SYNC_NANOS = Duration.ofMillis(200).toNanos();

  private final Path path;
  private final JournalFormat format;
  // Streams and not channels: an interrupt of the thread would close those.
  private final FileOutputStream out;
  private final RandomAccessFile in;
  private long offset;
  private long lines;
  private long synced = System.nanoTime();
  private boolean dirty;

  JournalFile(Path path, JournalFormat format) throws IOException {
    this.path = path;
    this.format = format;
    this.out = new FileOutputStream(path.toFile(), true);
    this.in = new RandomAccessFile(path.toFile(), "rw");
  }

  /**
   * Hands out the lines that were added since the last time.
   *
   * @throws IOException if a line is broken that is not the last one, or does not say what it has
   *     to; with file and line
   */
  void readNew(Consumer<JournalFormat.Line> reader) throws IOException {
    long end = in.length();
    if (end < offset) {
      throw new IOException(
          "%s has become shorter than what was read of it: it was replaced while in use"
              .formatted(path));
    }
    byte[] unread = new byte[0];
    IOException broken = null;
    for (long position = offset; position < end; ) {
      int had = unread.length;
      unread = Arrays.copyOf(unread, had + (int) Math.min(end - position, PIECE_BYTES));
      in.seek(position);
      int got = in.read(unread, had, unread.length - had);
      if (got < 0) {
        return; // somebody has just cut the last line off
      }
      unread = Arrays.copyOf(unread, had + got);
      position += got;
      int begin = 0;
      for (int i = had; i < unread.length; i++) {
        if (unread[i] == '\n') {
          if (broken != null) {
            throw broken;
          }
          broken = read(unread, begin, i + 1 - begin, reader);
          begin = i + 1;
        }
      }
      unread = Arrays.copyOfRange(unread, begin, unread.length);
    }
  }

  /** Reads one whole line, or returns why it is none. */
  private @Nullable IOException read(
      byte[] bytes, int begin, int length, Consumer<JournalFormat.Line> reader) throws IOException {
    JournalFormat.Line line;
    try {
      line = format.parse(bytes, begin, length);
    } catch (IllegalArgumentException e) {
      throw new IOException("%s:%s: %s".formatted(path, lines + 1, e.getMessage()), e);
    } catch (IOException e) {
      return new IOException(
          "%s:%s: the line is broken, and others follow: mend or delete it (%s)"
              .formatted(path, lines + 1, e.getMessage()),
          e);
    }
    offset += length;
    lines++;
    reader.accept(line);
    return null;
  }

  /**
   * Adds lines in one piece. The caller holds the lock and has read all lines before.
   *
   * @return whether they follow those that were read; if not, somebody has broken the lock and they
   *     are still to be read, among theirs
   * @throws IOException if it cannot be written; the file is as before then, or has some of it at
   *     its end
   */
  boolean append(byte[] added) throws IOException {
    cutTail();
    dirty = true;
    try {
      out.write(added);
    } catch (IOException e) {
      try {
        cutTail();
      } catch (IOException stillCut) {
        e.addSuppressed(stillCut);
      }
      throw new IOException(
          "%s cannot be added to (%s): nothing was changed; make room and do it again"
              .formatted(path, e.getMessage()),
          e);
    }
    if (in.length() != offset + added.length) {
      return false;
    }
    offset += added.length;
    for (byte each : added) {
      if (each == '\n') {
        lines++;
      }
    }
    return true;
  }

  private void cutTail() throws IOException {
    if (in.length() > offset) {
      in.setLength(offset);
    }
  }

  /** Puts what was added onto the disk, if the last time was a while ago. */
  void syncSometimes() throws IOException {
    if (System.nanoTime() - synced > SYNC_NANOS) {
      sync();
    }
  }

  /** Puts what was added onto the disk. */
  void sync() throws IOException {
    if (dirty) {
      out.getFD().sync();
      dirty = false;
      synced = System.nanoTime();
    }
  }

  @Override
  public void close() throws IOException {
    try (out;
        in) {
      sync();
    }
  }
}
