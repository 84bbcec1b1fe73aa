package org.mobula.cli.directories;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.core.training.TrainingResult;

/**
 * The file {@code state} in a run directory: what became of the run, and why in a second line. The
 * process that trains holds a lock on it, which the operating system takes away however the process
 * ends. So a file that says {@code running} without a lock tells of a killed run.
 */
public final class RunState implements AutoCloseable {
  private static final String FILE = "state";
  // Far behind the text: on Windows a locked byte cannot be read.
  private static final long LOCKED_BYTE = 1 << 30;

  private final FileChannel channel;

  /** What it held before. */
  private final ByteBuffer former;

  private RunState(FileChannel channel, ByteBuffer former) {
    this.channel = channel;
    this.former = former;
  }

  /** What became of a run. */
  public enum Kind {
    RUNNING,
    FINISHED,
    INTERRUPTED,
    FAILED,
    KILLED,
    /** Not trained by the command line. */
    UNKNOWN;

    public static Kind of(TrainingResult result) {
      return result.interrupted() ? INTERRUPTED : FINISHED;
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A state and its reason, empty where there is none. */
  public record Reading(Kind kind, String reason) {}

  /** Keeps other processes from training this run until it is closed. */
  public static RunState hold(Path run) throws IOException {
    FileChannel channel =
        FileChannel.open(
            run.resolve(FILE),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      if (lock(channel) == null) {
        throw CommandFailure.usage(
            run + " is being trained by another process",
            "Wait until it ends, or stop it by Ctrl-C there.");
      }
      // By this channel: who closes another one of the file gives the lock back.
      ByteBuffer former = ByteBuffer.allocate((int) Math.min(channel.size(), LOCKED_BYTE));
      boolean more = true;
      while (more && former.hasRemaining()) {
        more = channel.read(former, former.position()) > 0;
      }
      return new RunState(channel, former.flip());
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Says what the run is doing now, or how it ended. */
  public void write(Kind kind, String reason) throws IOException {
    String text = kind.word() + "\n" + reason.replaceAll("\\R", " ") + "\n";
    write(ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  /** Says what it said before this process held it. */
  public void putBack() throws IOException {
    write(former.rewind());
  }

  private void write(ByteBuffer bytes) throws IOException {
    channel.truncate(0);
    while (bytes.hasRemaining()) {
      channel.write(bytes, bytes.position());
    }
  }

  /** Reads a state from another process than the one that trains. */
  public static Reading read(Path run) throws IOException {
    Path file = run.resolve(FILE);
    if (!Files.exists(file)) {
      return new Reading(Kind.UNKNOWN, "");
    }
    String[] lines = Files.readString(file, UTF_8).split("\n", -1);
    for (Kind kind : Kind.values()) {
      if (kind != Kind.RUNNING && kind.word().equals(lines[0])) {
        return new Reading(kind, lines.length > 1 ? lines[1] : "");
      }
    }
    boolean begun = lines[0].equals(Kind.RUNNING.word());
    return new Reading(isLocked(file) ? Kind.RUNNING : begun ? Kind.KILLED : Kind.UNKNOWN, "");
  }

  private static boolean isLocked(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return lock(channel) == null; // closing the channel gives the lock back
    }
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock(LOCKED_BYTE, 1, false);
    } catch (OverlappingFileLockException e) {
      return null; // this process holds it
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
