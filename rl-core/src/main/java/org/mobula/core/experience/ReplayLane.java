package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.returns.NStep;

/**
 * The ring of one environment. Row after row it holds the observations as they followed each other,
 * each with the transition that started there; the last observation of an episode starts none. So
 * the observation after row i is row i + 1, and is not stored again.
 */
final class ReplayLane {
  /** What the newest row waits for. */
  private enum Waits {
    /** An episode to start. */
    START,
    /** An action. */
    ACTION,
    /** The observation that its action led to. */
    NEXT,
    /** As {@link #NEXT}, after the last step of an episode. */
    LAST
  }

  private static final int TERMINATED = 1;
  private static final int TRUNCATED = 2;
  private static final int COMPLETE = 4;
  private static final int FIRST = 8;

  final int rows;
  private final int frames;
  private final int frameSize;
  private final int actionSize;
  private final int maskSize;
  private final RowColumn observations;
  private final RowColumn actions;
  private final float[] rewards;
  private final boolean[] terminated;
  private final boolean[] truncated;
  // Whether a transition starts here whose next observation is there.
  private final boolean[] complete;
  private final boolean[] first;
  private final boolean[] masks;

  private Waits waits = Waits.START;
  private int newest = -1;
  private int used;

  ReplayLane(ReplayShape shape) {
    rows = shape.rows();
    frames = shape.frames();
    frameSize = shape.frameSize();
    actionSize = shape.actionSize();
    maskSize = shape.maskSize();
    observations = new RowColumn(rows, frameSize, shape.encoding());
    actions = new RowColumn(rows, actionSize, Encoding.FLOAT);
    rewards = new float[rows];
    terminated = new boolean[rows];
    truncated = new boolean[rows];
    complete = new boolean[rows];
    first = new boolean[rows];
    masks = new boolean[Math.multiplyExact(rows, maskSize)];
  }

  /** The newest row, or −1. */
  int newest() {
    return newest;
  }

  /** Rows that hold something. */
  int used() {
    return used;
  }

  /** Whether a transition can be drawn from here. */
  boolean isComplete(int row) {
    return row < used && complete[row];
  }

  private int before(int row) {
    return row == 0 ? rows - 1 : row - 1;
  }

  private int after(int row, int steps) {
    int at = row + steps;
    return at >= rows ? at - rows : at;
  }

  /** Whether an observation stands without the action that answers it. */
  boolean waitsForAction() {
    return waits == Waits.ACTION;
  }

  /** Whether that is the observation which waits for its action. */
  boolean waitsFor(RowColumn source, int sourceRow) {
    return waits == Waits.ACTION
        && observations.holds(newest, source, sourceRow, (frames - 1) * frameSize);
  }

  /**
   * The row whose transition is lost with the next observation, or −1. Where frames are stacked, a
   * transition is lost before its stack is no longer whole.
   */
  int lostNext() {
    return used + frames <= rows ? -1 : after(newest, frames);
  }

  void observe(RowColumn source, int sourceRow, boolean[] sourceMasks, int maskOffset) {
    boolean starts = waits == Waits.START || waits == Waits.ACTION;
    if (starts) {
      requireEqualFrames(source, sourceRow);
    }
    int row = after(newest, 1);
    int lost = lostNext();
    observations.set(row, source, sourceRow, (frames - 1) * frameSize);
    if (lost >= 0) {
      complete[lost] = false;
    }
    if (waits == Waits.ACTION && !first[newest]) {
      // The episode was broken off without a word: what is there of it bootstraps.
      truncated[before(newest)] = true;
    }
    if (!starts) {
      complete[newest] = true;
    }
    System.arraycopy(sourceMasks, maskOffset, masks, row * maskSize, maskSize);
    terminated[row] = false;
    truncated[row] = false;
    complete[row] = false;
    first[row] = starts;
    waits = waits == Waits.LAST ? Waits.START : Waits.ACTION;
    newest = row;
    used = Math.min(rows, used + 1);
  }

  private void requireEqualFrames(RowColumn source, int row) {
    int newestFrame = (frames - 1) * frameSize;
    for (int i = 0; i < newestFrame; i++) {
      float number = source.number(row, i);
      float expected = source.number(row, newestFrame + i % frameSize);
      if (number != expected) {
        throw new IllegalArgumentException(
            "number "
                + i
                + " of the first observation of an episode is "
                + number
                + " and not "
                + expected
                + ": stacks of "
                + frames
                + " frames must start with copies of one frame; store them with 1 frame");
      }
    }
  }

  void act(float[] source, int actionOffset, float reward, boolean terminates, boolean truncates) {
    actions.set(newest, source, actionOffset);
    rewards[newest] = reward;
    terminated[newest] = terminates;
    truncated[newest] = truncates;
    waits = terminates || truncates ? Waits.LAST : Waits.NEXT;
  }

  /** Copies the transition that starts in a row into a row of the minibatch. */
  void copy(int row, NStep window, ReplayBatch to, int index) {
    // The newest row's transition is not complete.
    int last = before(newest);
    int length = window.length(rows, 1, last, terminated, truncated, row, 0);
    int next = after(row, length);
    copyStack(row, to.observations, index * frames * frameSize);
    copyStack(next, to.nextObservations, index * frames * frameSize);
    actions.get(row, to.actions, index * actionSize);
    to.rewards[index] = window.sum(rows, 1, rewards, row, 0, length);
    to.discounts[index] = terminated[before(next)] ? 0 : window.discountAfter(length);
    System.arraycopy(masks, row * maskSize, to.masks, index * maskSize, maskSize);
    System.arraycopy(masks, next * maskSize, to.nextMasks, index * maskSize, maskSize);
  }

  private void copyStack(int row, float[] to, int offset) {
    int at = row;
    for (int frame = frames - 1; frame >= 0; frame--) {
      observations.get(at, to, offset + frame * frameSize);
      if (!first[at]) {
        at = before(at);
      }
    }
  }

  long allocatedBytes() {
    return observations.allocatedBytes()
        + actions.allocatedBytes()
        + 4L * rewards.length
        + 4L * complete.length
        + masks.length;
  }

  void writeState(DataOutput out, byte[] buffer) throws IOException {
    out.writeUTF(waits.name());
    out.writeInt(newest);
    out.writeInt(used);
    observations.write(out, used, buffer);
    actions.write(out, used, buffer);
    RowColumn.writeFloats(rewards, used, out, buffer);
    for (int from = 0; from < used; from += buffer.length) {
      int part = Math.min(buffer.length, used - from);
      for (int i = 0; i < part; i++) {
        int row = from + i;
        buffer[i] =
            (byte)
                ((terminated[row] ? TERMINATED : 0)
                    | (truncated[row] ? TRUNCATED : 0)
                    | (complete[row] ? COMPLETE : 0)
                    | (first[row] ? FIRST : 0));
      }
      out.write(buffer, 0, part);
    }
    int maskCount = used * maskSize;
    for (int from = 0; from < maskCount; from += buffer.length) {
      int part = Math.min(buffer.length, maskCount - from);
      for (int i = 0; i < part; i++) {
        buffer[i] = (byte) (masks[from + i] ? 1 : 0);
      }
      out.write(buffer, 0, part);
    }
  }

  void readState(DataInput in, byte[] buffer) throws IOException {
    waits = Waits.valueOf(in.readUTF());
    newest = in.readInt();
    used = in.readInt();
    observations.read(in, used, buffer);
    actions.read(in, used, buffer);
    RowColumn.readFloats(rewards, used, in, buffer);
    for (int from = 0; from < used; from += buffer.length) {
      int part = Math.min(buffer.length, used - from);
      in.readFully(buffer, 0, part);
      for (int i = 0; i < part; i++) {
        int row = from + i;
        terminated[row] = (buffer[i] & TERMINATED) != 0;
        truncated[row] = (buffer[i] & TRUNCATED) != 0;
        complete[row] = (buffer[i] & COMPLETE) != 0;
        first[row] = (buffer[i] & FIRST) != 0;
      }
    }
    int maskCount = used * maskSize;
    for (int from = 0; from < maskCount; from += buffer.length) {
      int part = Math.min(buffer.length, maskCount - from);
      in.readFully(buffer, 0, part);
      for (int i = 0; i < part; i++) {
        masks[from + i] = buffer[i] != 0;
      }
    }
  }
}
