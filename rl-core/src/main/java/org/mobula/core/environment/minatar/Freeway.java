package org.mobula.core.environment.minatar;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;

/**
 * A chicken crosses eight lanes: 1 each time it is over, when it begins again below and the cars
 * change their speeds. It moves every third frame at most, and a car sends it back. The episode
 * ends after 2,500 frames.
 *
 * <p>Channels: chicken, car, and the trail of a car in the channel of its speed, which are five.
 * Actions: none, up, down.
 */
public final class Freeway extends MinAtarGame {
  private static final int LANES = 8;
  private static final int CHICKEN_X = 4;
  private static final int PLAYER_SPEED = 3;
  private static final int FRAMES = 2500;

  /** Where cars are, one in each lane, of which the first is in row 1. */
  private final int[] xs = new int[LANES];

  /** Frames until a car moves. */
  private final int[] timers = new int[LANES];

  /** Frames between two moves, negative for a car to the left. */
  private final int[] speeds = new int[LANES];

  private int y;
  private int moveTimer;
  private int framesLeft;

  /** By the paper's rules. */
  public Freeway() {
    this(MinAtarRules.defaults());
  }

  /** By these rules. */
  public Freeway(MinAtarRules rules) {
    super(rules, "@#12345", 0, UP, DOWN);
  }

  @Override
  void start(Pcg64 random) {
    Arrays.fill(xs, 0);
    drawSpeeds(random);
    y = SIDE - 1;
    moveTimer = PLAYER_SPEED;
    framesLeft = FRAMES;
  }

  private void drawSpeeds(Pcg64 random) {
    for (int lane = 0; lane < LANES; lane++) {
      speeds[lane] = random.nextInt(1, 6);
    }
    for (int lane = 0; lane < LANES; lane++) {
      timers[lane] = speeds[lane];
      if (random.nextDouble() < 0.5) {
        speeds[lane] = -speeds[lane];
      }
    }
  }

  @Override
  void play(int action, Pcg64 random, Step step) {
    if (moveTimer == 0 && (action == UP || action == DOWN)) {
      moveTimer = PLAYER_SPEED;
      y = action == UP ? Math.max(0, y - 1) : Math.min(SIDE - 1, y + 1);
    }
    if (y == 0) {
      step.reward = 1;
      drawSpeeds(random);
      y = SIDE - 1;
    }
    for (int lane = 0; lane < LANES; lane++) {
      sendBackFrom(lane);
      if (timers[lane] == 0) {
        timers[lane] = Math.abs(speeds[lane]);
        xs[lane] = Math.floorMod(xs[lane] + (speeds[lane] > 0 ? 1 : -1), SIDE);
        sendBackFrom(lane);
      } else {
        timers[lane]--;
      }
    }
    moveTimer -= moveTimer > 0 ? 1 : 0;
    framesLeft--;
    step.terminated = framesLeft < 0;
  }

  private void sendBackFrom(int lane) {
    if (xs[lane] == CHICKEN_X && y == lane + 1) {
      y = SIDE - 1;
    }
  }

  @Override
  void observe(float[] observation) {
    set(observation, 0, y, CHICKEN_X);
    for (int lane = 0; lane < LANES; lane++) {
      int behind = Math.floorMod(xs[lane] - (speeds[lane] > 0 ? 1 : -1), SIDE);
      set(observation, 1, lane + 1, xs[lane]);
      set(observation, 1 + Math.abs(speeds[lane]), lane + 1, behind);
    }
  }

  @Override
  void writeGame(DataOutput out) throws IOException {
    write(out, xs);
    write(out, timers);
    write(out, speeds);
    write(out, y, moveTimer, framesLeft);
  }

  @Override
  void readGame(DataInput in) throws IOException {
    read(in, xs);
    read(in, timers);
    read(in, speeds);
    y = in.readInt();
    moveTimer = in.readInt();
    framesLeft = in.readInt();
  }
}
