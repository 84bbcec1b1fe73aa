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
  private final @Nullable FileOutputStream out;
  private final RandomAccessFile in;
  private final Consumer<String> warnings;
  private long offset;
  private long lines;
  private long synced = System.nanoTime();
  private boolean dirty;

  /**
   * Opens the file.
   *
   * @param writable whether lines may be added; if so, the file is made if it is not there
   * @param warnings is told of what is passed over, with file and line
   */
  JournalFile(Path path, JournalFormat format, boolean writable, Consumer<String> warnings)
      throws IOException {
    this.path = path;
    this.format = format;
    this.warnings = warnings;
    this.out = writable ? new FileOutputStream(path.toFile(), true) : null;
    this.in = new RandomAccessFile(path.toFile(), writable ? "rw" : "r");
  }

  /**
   * Hands out the lines that were added since the last time. A line that is broken, or says what
   * this program does not know, is passed over, unless it is the last one and broken: that one may
   * still be being written.
   */
  void readNew(Consumer<JournalFormat.Line> reader) throws IOException {
    long end = in.length();
    if (end < offset) {
      throw new IOException(
          "%s has become shorter than what was read of it: it was replaced while in use"
              .formatted(path));
    }
    byte[] unread = new byte[0];
    Broken broken = null;
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
            passOver(broken.length, "the line is broken: " + broken.reason);
          }
          broken = read(unread, begin, i + 1 - begin, reader);
          begin = i + 1;
        }
      }
      unread = Arrays.copyOfRange(unread, begin, unread.length);
    }
  }

  /** A line that is no JSON. */
  private record Broken(int length, String reason) {}

  /** Reads one whole line, or returns why it is none. */
  private @Nullable Broken read(
      byte[] bytes, int begin, int length, Consumer<JournalFormat.Line> reader) {
    JournalFormat.Line line;
    try {
      line = format.parse(bytes, begin, length);
    } catch (IllegalArgumentException e) {
      passOver(length, String.valueOf(e.getMessage()));
      return null;
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage());
      return new Broken(length, reason.lines().findFirst().orElse(""));
    }
    offset += length;
    lines++;
    for (String omission : line.omissions()) {
      warnings.accept("%s:%s: %s; the rest of the line holds".formatted(path, lines, omission));
    }
    reader.accept(line);
    return null;
  }

  private void passOver(int length, String reason) {
    offset += length;
    lines++;
    warnings.accept("%s:%s is passed over: %s".formatted(path, lines, reason));
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
    if (out == null) {
      throw new IOException(path + " was opened to be read alone");
    }
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
    if (dirty && out != null) {
      out.getFD().sync();
      dirty = false;
      synced = System.nanoTime();
    }
  }

  @Override
  public void close() throws IOException {
    try (in) {
      if (out != null) {
        try (out) {
          sync();
        }
      }
    }
  }
}
