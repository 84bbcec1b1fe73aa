package org.mobula.core.environment.minatar;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;

/**
 * Gold and enemies cross eight lanes; the player, who moves in all four directions, is paid 1 for
 * gold, and the episode ends with an enemy. They come and move faster as the game goes on.
 *
 * <p>Channels: player, enemy, trail, gold. Actions: none, left, up, right, down.
 */
public final class Asterix extends MinAtarGame {
  private static final int LANES = 8;
  private static final int RAMP_INTERVAL = 100;
  private static final int SPAWN_SPEED = 10;
  private static final int MOVE_INTERVAL = 5;

  /** One entity at most in each lane, of which the first is in row 1. */
  private final boolean[] present = new boolean[LANES];

  private final boolean[] toTheRight = new boolean[LANES];
  private final boolean[] gold = new boolean[LANES];
  private final int[] xs = new int[LANES];
  private int x;
  private int y;
  private int spawnSpeed;
  private int spawnTimer;
  private int moveSpeed;
  private int moveTimer;
  private int rampTimer;
  private int rampIndex;

  /** By the paper's rules. */
  public Asterix() {
    this(MinAtarRules.defaults());
  }

  /** By these rules. */
  public Asterix(MinAtarRules rules) {
    super(rules, "@x,$", 0, LEFT, UP, RIGHT, DOWN);
  }

  @Override
  void start(Pcg64 random) {
    Arrays.fill(present, false);
    x = 5;
    y = 5;
    spawnSpeed = SPAWN_SPEED;
    spawnTimer = SPAWN_SPEED;
    moveSpeed = MOVE_INTERVAL;
    moveTimer = MOVE_INTERVAL;
    rampTimer = RAMP_INTERVAL;
    rampIndex = 0;
  }

  private void spawn(Pcg64 random) {
    boolean right = random.nextDouble() < 0.5;
    boolean isGold = random.nextDouble() < 1.0 / 3;
    int free = 0;
    for (boolean taken : present) {
      free += taken ? 0 : 1;
    }
    if (free == 0) {
      return;
    }
    int skipped = random.nextInt(free);
    int lane = 0;
    while (present[lane] || skipped > 0) {
      skipped -= present[lane] ? 0 : 1;
      lane++;
    }
    present[lane] = true;
    toTheRight[lane] = right;
    gold[lane] = isGold;
    xs[lane] = right ? 0 : SIDE - 1;
  }

  @Override
  void play(int action, Pcg64 random, Step step) {
    if (spawnTimer == 0) {
      spawn(random);
      spawnTimer = spawnSpeed;
    }
    switch (action) {
      case LEFT -> x = Math.max(0, x - 1);
      case RIGHT -> x = Math.min(SIDE - 1, x + 1);
      case UP -> y = Math.max(1, y - 1);
      case DOWN -> y = Math.min(LANES, y + 1);
      default -> {}
    }
    for (int lane = 0; lane < LANES; lane++) {
      meet(lane, step);
    }
    if (moveTimer == 0) {
      moveTimer = moveSpeed;
      for (int lane = 0; lane < LANES; lane++) {
        if (present[lane]) {
          xs[lane] += toTheRight[lane] ? 1 : -1;
          present[lane] = xs[lane] >= 0 && xs[lane] < SIDE;
          meet(lane, step);
        }
      }
    }
    spawnTimer--;
    moveTimer--;
    if (ramping() && (spawnSpeed > 1 || moveSpeed > 1)) {
      ramp();
    }
  }

  private void meet(int lane, Step step) {
    if (present[lane] && xs[lane] == x && lane + 1 == y) {
      if (gold[lane]) {
        present[lane] = false;
        step.reward++;
      } else {
        step.terminated = true;
      }
    }
  }

  private void ramp() {
    if (rampTimer >= 0) {
      rampTimer--;
      return;
    }
    if (moveSpeed > 1 && rampIndex % 2 == 1) {
      moveSpeed--;
    }
    if (spawnSpeed > 1) {
      spawnSpeed--;
    }
    rampIndex++;
    rampTimer = RAMP_INTERVAL;
  }

  @Override
  void observe(float[] observation) {
    set(observation, 0, y, x);
    for (int lane = 0; lane < LANES; lane++) {
      if (present[lane]) {
        set(observation, gold[lane] ? 3 : 1, lane + 1, xs[lane]);
        int behind = xs[lane] - (toTheRight[lane] ? 1 : -1);
        if (behind >= 0 && behind < SIDE) {
          set(observation, 2, lane + 1, behind);
        }
      }
    }
  }

  @Override
  void writeGame(DataOutput out) throws IOException {
    write(out, present);
    write(out, toTheRight);
    write(out, gold);
    write(out, xs);
    write(out, x, y, spawnSpeed, spawnTimer, moveSpeed, moveTimer, rampTimer, rampIndex);
  }

  @Override
  void readGame(DataInput in) throws IOException {
    read(in, present);
    read(in, toTheRight);
    read(in, gold);
    read(in, xs);
    int[] numbers = new int[8];
    read(in, numbers);
    x = numbers[0];
    y = numbers[1];
    spawnSpeed = numbers[2];
    spawnTimer = numbers[3];
    moveSpeed = numbers[4];
    moveTimer = numbers[5];
    rampTimer = numbers[6];
    rampIndex = numbers[7];
  }
}
