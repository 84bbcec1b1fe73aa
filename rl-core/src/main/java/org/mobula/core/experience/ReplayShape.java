package org.mobula.core.experience;

import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * How large a {@link ReplayMemory} is.
 *
 * @param capacity rows of all environments together, shared out evenly and rounded up. A transition
 *     is a row, and so is the observation after the last step of an episode; no observation lies in
 *     memory twice
 * @param environments whose transitions come in side by side, at least 1
 * @param observationSize numbers in an observation as the environment writes it, stacked frames
 *     included
 * @param frames of which an observation is made, the oldest first, as {@code FrameStack} does; each
 *     is stored once, and stacks are rebuilt when they are sampled. 1 where observations are no
 *     stacks
 * @param encoding of the observations
 * @param actionSize numbers in an action
 * @param maskSize flags in an action mask; 0 where actions are not masked
 */
public record ReplayShape(
    int capacity,
    int environments,
    int observationSize,
    int frames,
    Encoding encoding,
    int actionSize,
    int maskSize) {
  /** Rows of all environments together, at most. */
  public static final int MOST_ROWS = 1 << 29;

  // One flag each: terminated, truncated, complete, first of its episode.
  private static final int FLAGS = 4;
  private static final int FEWEST_ROWS = 2;
  private static final double LARGEST_SHARE = 0.9;
  private static final double MEBIBYTE = 1 << 20;

  /** What one number of an observation becomes. */
  public enum Encoding {
    /** Four bytes, any number. */
    FLOAT(4),
    /** One byte; only whole numbers from 0 to 255, such as a pixel's. */
    BYTE(1);

    private final int bytes;

    Encoding(int bytes) {
      this.bytes = bytes;
    }

    /** That which observations need. */
    public static Encoding of(Space observationSpace) {
      return observationSpace instanceof Box box && box.isBytes() ? BYTE : FLOAT;
    }
  }

  /** Checks the sizes. */
  public ReplayShape {
    atLeast("environments", environments, 1);
    atLeast("observationSize", observationSize, 1);
    atLeast("frames", frames, 1);
    atLeast("actionSize", actionSize, 1);
    atLeast("maskSize", maskSize, 0);
    if (observationSize % frames != 0) {
      throw new IllegalArgumentException(
          "observations of "
              + observationSize
              + " numbers are no stacks of "
              + frames
              + " frames; frames must divide them");
    }
    long fewest = (long) environments * Math.max(FEWEST_ROWS, frames + 1);
    if (capacity < fewest) {
      throw new IllegalArgumentException(
          "capacity is "
              + capacity
              + " rows but must be >= "
              + fewest
              + ", "
              + fewest / environments
              + " for each of the "
              + environments
              + " environments");
    }
    if (capacity > MOST_ROWS) {
      throw new IllegalArgumentException(
          "capacity is " + capacity + " rows but must be <= " + MOST_ROWS);
    }
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is " + value + " but must be >= " + least);
    }
  }

  /** Numbers in one frame. */
  public int frameSize() {
    return observationSize / frames;
  }

  /** Rows of each environment. */
  int rows() {
    return (capacity + environments - 1) / environments;
  }

  /** Rows of all environments, the rounding included. */
  int cells() {
    return rows() * environments;
  }

  private long rowBytes() {
    return (long) frameSize() * encoding.bytes + 4L * actionSize + 4 + FLAGS + maskSize;
  }

  /** Bytes of the heap that a full memory takes, apart from some hundreds for its objects. */
  public long bytes(ReplaySampling sampling) {
    return cells() * rowBytes() + sampling.bytes(cells());
  }

  /**
   * Refuses what would not fit: a memory fills up in the course of hours, and would end the process
   * then.
   *
   * @param heap bytes that the heap may have, {@code Runtime.maxMemory()}
   * @throws IllegalArgumentException if the memory takes more than nine tenths of them
   */
  public void requireRoom(ReplaySampling sampling, long heap) {
    long needed = bytes(sampling);
    double room = LARGEST_SHARE * heap;
    if (needed > room) {
      long most = (long) (room / needed * capacity);
      throw new IllegalArgumentException(
          "a replay memory of "
              + capacity
              + " rows takes %.0f MiB (%d bytes a row), more than the %.0f MiB that are nine tenths of the"
                  .formatted(needed / MEBIBYTE, needed / cells(), room / MEBIBYTE)
              + " heap: make its capacity at most "
              + most
              + (encoding == Encoding.FLOAT ? ", keep pixels as bytes" : "")
              + ", or start Java with -Xmx"
              + (long) Math.ceil(needed / LARGEST_SHARE / MEBIBYTE)
              + "m or more");
    }
  }
}
