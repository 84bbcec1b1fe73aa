package org.mobula.core.environment.minatar;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/** Things of one kind that swim along their rows, in the order in which they came. */
final class Swimmers {
  private static final int FIRST_ROOM = 16;

  private int count;
  private int[] xs = new int[FIRST_ROOM];
  private int[] ys = new int[FIRST_ROOM];
  private boolean[] toTheRight = new boolean[FIRST_ROOM];
  private int[] moveTimers = new int[FIRST_ROOM];
  private int[] shotTimers = new int[FIRST_ROOM];

  int count() {
    return count;
  }

  int x(int i) {
    return xs[i];
  }

  int y(int i) {
    return ys[i];
  }

  boolean toTheRight(int i) {
    return toTheRight[i];
  }

  void clear() {
    count = 0;
  }

  void add(int x, int y, boolean right, int moveTimer, int shotTimer) {
    if (count == xs.length) {
      int room = 2 * count;
      xs = Arrays.copyOf(xs, room);
      ys = Arrays.copyOf(ys, room);
      toTheRight = Arrays.copyOf(toTheRight, room);
      moveTimers = Arrays.copyOf(moveTimers, room);
      shotTimers = Arrays.copyOf(shotTimers, room);
    }
    xs[count] = x;
    ys[count] = y;
    toTheRight[count] = right;
    moveTimers[count] = moveTimer;
    shotTimers[count] = shotTimer;
    count++;
  }

  void remove(int i) {
    int after = count - i - 1;
    System.arraycopy(xs, i + 1, xs, i, after);
    System.arraycopy(ys, i + 1, ys, i, after);
    System.arraycopy(toTheRight, i + 1, toTheRight, i, after);
    System.arraycopy(moveTimers, i + 1, moveTimers, i, after);
    System.arraycopy(shotTimers, i + 1, shotTimers, i, after);
    count--;
  }

  boolean isAt(int i, int x, int y) {
    return xs[i] == x && ys[i] == y;
  }

  /** Whether one swims along a row in the other direction. */
  boolean anyAgainst(int y, boolean right) {
    for (int i = 0; i < count; i++) {
      if (ys[i] == y && toTheRight[i] != right) {
        return true;
      }
    }
    return false;
  }

  /** The first at a place; -1 for none. */
  int firstAt(int x, int y) {
    for (int i = 0; i < count; i++) {
      if (isAt(i, x, y)) {
        return i;
      }
    }
    return -1;
  }

  /** Moves by a cell; whether it is still on the screen. */
  boolean move(int i) {
    xs[i] += toTheRight[i] ? 1 : -1;
    return xs[i] >= 0 && xs[i] < MinAtarGame.SIDE;
  }

  /** Whether it is time to move, which then comes again after so many frames; else time passes. */
  boolean timeToMove(int i, int interval) {
    if (moveTimers[i] == 0) {
      moveTimers[i] = interval;
      return true;
    }
    moveTimers[i]--;
    return false;
  }

  /** As {@link #timeToMove}, for shots. */
  boolean timeToShoot(int i, int interval) {
    if (shotTimers[i] == 0) {
      shotTimers[i] = interval;
      return true;
    }
    shotTimers[i]--;
    return false;
  }

  /** Shows all in a channel, and their trails in another unless that is negative. */
  void show(float[] observation, int channel, int trail) {
    for (int i = 0; i < count; i++) {
      MinAtarGame.set(observation, channel, ys[i], xs[i]);
      int behind = xs[i] - (toTheRight[i] ? 1 : -1);
      if (trail >= 0 && behind >= 0 && behind < MinAtarGame.SIDE) {
        MinAtarGame.set(observation, trail, ys[i], behind);
      }
    }
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(count);
    for (int i = 0; i < count; i++) {
      MinAtarGame.write(out, xs[i], ys[i], moveTimers[i], shotTimers[i]);
      out.writeBoolean(toTheRight[i]);
    }
  }

  void read(DataInput in) throws IOException {
    clear();
    int saved = in.readInt();
    int[] numbers = new int[4];
    for (int i = 0; i < saved; i++) {
      MinAtarGame.read(in, numbers);
      add(numbers[0], numbers[1], in.readBoolean(), numbers[2], numbers[3]);
    }
  }
}
