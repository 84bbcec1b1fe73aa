package org.mobula.core.training;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Takes a part of a checkpoint: in memory while it is small, and from some size on in a file, so
 * that a large one is nowhere whole but there.
 */
final class PartOutput extends OutputStream {
  private final Path path;
  private final byte[] buffer;
  private int buffered;
  private long written;
  private @Nullable OutputStream file;

  /**
   * A part without bytes.
   *
   * @param path of the file, which is made when it is needed
   * @param large from so many bytes on the part has a file
   */
  PartOutput(Path path, int large) {
    this.path = path;
    this.buffer = new byte[large];
  }

  @Override
  public void write(int value) throws IOException {
    buffer[buffered++] = (byte) value;
    if (buffered == buffer.length) {
      spill();
    }
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    for (int from = offset, left = length; left > 0; ) {
      int count = Math.min(left, buffer.length - buffered);
      System.arraycopy(bytes, from, buffer, buffered, count);
      buffered += count;
      from += count;
      left -= count;
      if (buffered == buffer.length) {
        spill();
      }
    }
  }

  private void spill() throws IOException {
    OutputStream out = file;
    if (out == null) {
      out = Files.newOutputStream(path);
      file = out;
    }
    out.write(buffer, 0, buffered);
    written += buffered;
    buffered = 0;
  }

  /** Nothing is written after this; what is in a file is on the disk then. */
  void finish() throws IOException {
    if (file != null) {
      spill();
      file.close();
      RunDirectory.sync(path);
    }
  }

  /** Whether it was large. */
  boolean isFile() {
    return file != null;
  }

  /** Bytes in all. */
  long size() {
    return written + buffered;
  }

  /** What was written, of a part that was not large. */
  byte[] bytes() {
    return Arrays.copyOf(buffer, buffered);
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }
}
