package org.mobula.core.environment.minatar;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;

/**
 * A paddle keeps a ball in the air, which breaks bricks: 1 for each; a wall that is gone grows
 * again. The ball flies along diagonals, and the episode ends when it falls past the paddle.
 *
 * <p>Channels: paddle, ball, the place where the ball was, bricks. Actions: none, left, right.
 */
public final class Breakout extends MinAtarGame {
  private static final int[] STEP_X = {-1, 1, 1, -1};
  private static final int[] STEP_Y = {-1, -1, 1, 1};
  private static final int[] OFF_A_SIDE = {1, 0, 3, 2};
  private static final int[] BACK_OVER = {3, 2, 1, 0};
  private static final int[] STRAIGHT_BACK = {2, 3, 0, 1};

  private final boolean[] bricks = new boolean[CELLS];
  private int ballX;
  private int ballY;
  private int direction;
  private int paddle;
  private int lastX;
  private int lastY;
  private boolean strike;

  /** By the paper's rules. */
  public Breakout() {
    this(MinAtarRules.defaults());
  }

  /** By these rules. */
  public Breakout(MinAtarRules rules) {
    super(rules, "=o,#", 0, LEFT, RIGHT);
  }

  @Override
  void start(Pcg64 random) {
    boolean right = random.nextInt(2) == 1;
    ballY = 3;
    ballX = right ? SIDE - 1 : 0;
    direction = right ? 3 : 2;
    paddle = 4;
    lastX = ballX;
    lastY = ballY;
    strike = false;
    Arrays.fill(bricks, false);
    growBricks();
  }

  private void growBricks() {
    Arrays.fill(bricks, SIDE, 4 * SIDE, true);
  }

  private boolean anyBrick() {
    for (boolean brick : bricks) {
      if (brick) {
        return true;
      }
    }
    return false;
  }

  @Override
  void play(int action, Pcg64 random, Step step) {
    if (action == LEFT) {
      paddle = Math.max(0, paddle - 1);
    } else if (action == RIGHT) {
      paddle = Math.min(SIDE - 1, paddle + 1);
    }
    lastX = ballX;
    lastY = ballY;
    int x = ballX + STEP_X[direction];
    int y = ballY + STEP_Y[direction];
    if (x < 0 || x >= SIDE) {
      x = x < 0 ? 0 : SIDE - 1;
      direction = OFF_A_SIDE[direction];
    }
    boolean meetsBrick = false;
    if (y < 0) {
      y = 0;
      direction = BACK_OVER[direction];
    } else if (bricks[y * SIDE + x]) {
      meetsBrick = true;
      if (!strike) { // a ball breaks no two bricks in a row
        step.reward = 1;
        strike = true;
        bricks[y * SIDE + x] = false;
        y = lastY;
        direction = BACK_OVER[direction];
      }
    } else if (y == SIDE - 1) {
      if (!anyBrick()) {
        growBricks();
      }
      if (ballX == paddle) {
        direction = BACK_OVER[direction];
        y = lastY;
      } else if (x == paddle) {
        direction = STRAIGHT_BACK[direction];
        y = lastY;
      } else {
        step.terminated = true;
      }
    }
    if (!meetsBrick) {
      strike = false;
    }
    ballX = x;
    ballY = y;
  }

  @Override
  void observe(float[] observation) {
    set(observation, 0, SIDE - 1, paddle);
    set(observation, 1, ballY, ballX);
    set(observation, 2, lastY, lastX);
    set(observation, 3, bricks);
  }

  @Override
  void writeGame(DataOutput out) throws IOException {
    write(out, bricks);
    write(out, ballX, ballY, direction, paddle, lastX, lastY);
    out.writeBoolean(strike);
  }

  @Override
  void readGame(DataInput in) throws IOException {
    read(in, bricks);
    int[] numbers = new int[6];
    read(in, numbers);
    ballX = numbers[0];
    ballY = numbers[1];
    direction = numbers[2];
    paddle = numbers[3];
    lastX = numbers[4];
    lastY = numbers[5];
    strike = in.readBoolean();
  }
}
