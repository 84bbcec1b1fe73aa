package org.mobula.core.metrics;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that grows by whole records. What is appended reaches the operating system within the
 * first record after a second or at a flush, so a killed process loses the records of one second at
 * most.
 */
final class AppendedFile implements AutoCloseable {
  private static final long FLUSH_NANOSECONDS = 1_000_000_000;
  private static final int BUFFER_BYTES = 1 << 16;

  private final Path path;
  private final OutputStream stream;
  private long lastFlush = System.nanoTime();
  private boolean closed;

  private AppendedFile(Path path, OutputStream stream) {
    this.path = path;
    this.stream = stream;
  }

  /** Goes on at the end of a file, or starts it; makes its folder. */
  static AppendedFile open(Path path) {
    try {
      Files.createDirectories(path.toAbsolutePath().getParent());
      OutputStream stream =
          Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return new AppendedFile(path, new BufferedOutputStream(stream, BUFFER_BYTES));
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  void append(byte[] record) {
    if (closed) {
      throw new IllegalStateException(path + " is closed");
    }
    try {
      stream.write(record);
      long now = System.nanoTime();
      if (now - lastFlush >= FLUSH_NANOSECONDS) {
        flush();
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  void flush() {
    try {
      stream.flush();
      lastFlush = System.nanoTime();
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        stream.close();
      } catch (IOException e) {
        throw failure(path, e);
      }
    }
  }

  static UncheckedIOException failure(Path path, IOException e) {
    return new UncheckedIOException(path + " cannot be written: " + e.getMessage(), e);
  }
}
