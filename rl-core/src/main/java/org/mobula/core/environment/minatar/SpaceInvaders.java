package org.mobula.core.environment.minatar;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;

/**
 * A cannon shoots at aliens that come down row by row and shoot back: 1 for each. They move faster
 * the fewer they are, and each further wave begins faster, too. The episode ends when the cannon
 * meets an alien or its bullet, or an alien would pass the lowest row.
 *
 * <p>Channels: cannon, alien, aliens that move left, aliens that move right, bullet, aliens'
 * bullet. Actions: none, left, right, fire.
 */
public final class SpaceInvaders extends MinAtarGame {
  private static final int SHOT_COOL_DOWN = 5;
  private static final int MOVE_INTERVAL = 12;
  private static final int LEAST_MOVE_INTERVAL = 6;
  private static final int ENEMY_SHOT_INTERVAL = 10;

  private final boolean[] aliens = new boolean[CELLS];
  private final boolean[] bullets = new boolean[CELLS];
  private final boolean[] enemyBullets = new boolean[CELLS];

  /** Where aliens were, while they move. */
  private final boolean[] before = new boolean[CELLS];

  private int x;
  private int alienDirection;
  private int moveInterval;
  private int moveTimer;
  private int enemyShotTimer;
  private int shotTimer;

  /** By the paper's rules. */
  public SpaceInvaders() {
    this(MinAtarRules.defaults());
  }

  /** By these rules. */
  public SpaceInvaders(MinAtarRules rules) {
    super(rules, "A#<>'!", 0, LEFT, RIGHT, FIRE);
  }

  @Override
  void start(Pcg64 random) {
    x = 5;
    Arrays.fill(bullets, false);
    Arrays.fill(enemyBullets, false);
    Arrays.fill(aliens, false);
    sendWave();
    alienDirection = -1;
    moveInterval = MOVE_INTERVAL;
    moveTimer = MOVE_INTERVAL;
    enemyShotTimer = ENEMY_SHOT_INTERVAL;
    shotTimer = 0;
  }

  private void sendWave() {
    for (int row = 0; row < 4; row++) {
      Arrays.fill(aliens, row * SIDE + 2, row * SIDE + 8, true);
    }
  }

  private static int count(boolean[] cells) {
    int count = 0;
    for (boolean cell : cells) {
      count += cell ? 1 : 0;
    }
    return count;
  }

  private boolean anyInColumn(int column) {
    for (int at = column; at < CELLS; at += SIDE) {
      if (aliens[at]) {
        return true;
      }
    }
    return false;
  }

  private boolean anyInLowestRow() {
    for (int at = CELLS - SIDE; at < CELLS; at++) {
      if (aliens[at]) {
        return true;
      }
    }
    return false;
  }

  @Override
  void play(int action, Pcg64 random, Step step) {
    int cannon = CELLS - SIDE;
    if (action == FIRE && shotTimer == 0) {
      bullets[cannon + x] = true;
      shotTimer = SHOT_COOL_DOWN;
    } else if (action == LEFT) {
      x = Math.max(0, x - 1);
    } else if (action == RIGHT) {
      x = Math.min(SIDE - 1, x + 1);
    }
    moveBullets();
    boolean ends = enemyBullets[cannon + x] || aliens[cannon + x];
    if (moveTimer == 0) {
      ends |= moveAliens();
      ends |= aliens[cannon + x];
    }
    if (enemyShotTimer == 0) {
      enemyShotTimer = ENEMY_SHOT_INTERVAL;
      shootBack();
    }
    for (int at = 0; at < CELLS; at++) {
      if (aliens[at] && bullets[at]) {
        aliens[at] = false;
        bullets[at] = false;
        step.reward++;
      }
    }
    step.terminated = ends;
    shotTimer -= shotTimer > 0 ? 1 : 0;
    moveTimer--;
    enemyShotTimer--;
    if (count(aliens) == 0) {
      if (ramping() && moveInterval > LEAST_MOVE_INTERVAL) {
        moveInterval--;
      }
      sendWave();
    }
  }

  private void moveBullets() {
    System.arraycopy(bullets, SIDE, bullets, 0, CELLS - SIDE);
    Arrays.fill(bullets, CELLS - SIDE, CELLS, false);
    System.arraycopy(enemyBullets, 0, enemyBullets, SIDE, CELLS - SIDE);
    Arrays.fill(enemyBullets, 0, SIDE, false);
  }

  /** Moves the aliens on, or down where they are at the edge; whether one was in the lowest row. */
  private boolean moveAliens() {
    moveTimer = Math.min(count(aliens), moveInterval);
    boolean atEdge = anyInColumn(alienDirection < 0 ? 0 : SIDE - 1);
    if (atEdge) {
      alienDirection = -alienDirection;
      boolean lands = anyInLowestRow();
      // Those in the lowest row appear in the highest, in the last picture of the episode.
      roll(SIDE);
      return lands;
    }
    roll(alienDirection);
    return false;
  }

  /** Moves all aliens by so many cells; none leaves its row where that is one cell. */
  private void roll(int by) {
    System.arraycopy(aliens, 0, before, 0, CELLS);
    for (int at = 0; at < CELLS; at++) {
      aliens[Math.floorMod(at + by, CELLS)] = before[at];
    }
  }

  /** The lowest alien of the column that is nearest to the cannon shoots. */
  private void shootBack() {
    for (int away = 0; away < SIDE; away++) {
      for (int side = -1; side <= 1; side += 2) {
        int column = x + side * away;
        if (column >= 0 && column < SIDE && anyInColumn(column)) {
          int at = CELLS - SIDE + column;
          while (!aliens[at]) {
            at -= SIDE;
          }
          enemyBullets[at] = true;
          return;
        }
      }
    }
  }

  @Override
  void observe(float[] observation) {
    set(observation, 0, SIDE - 1, x);
    set(observation, 1, aliens);
    set(observation, alienDirection < 0 ? 2 : 3, aliens);
    set(observation, 4, bullets);
    set(observation, 5, enemyBullets);
  }

  @Override
  void writeGame(DataOutput out) throws IOException {
    write(out, aliens);
    write(out, bullets);
    write(out, enemyBullets);
    write(out, x, alienDirection, moveInterval, moveTimer, enemyShotTimer, shotTimer);
  }

  @Override
  void readGame(DataInput in) throws IOException {
    read(in, aliens);
    read(in, bullets);
    read(in, enemyBullets);
    int[] numbers = new int[6];
    read(in, numbers);
    x = numbers[0];
    alienDirection = numbers[1];
    moveInterval = numbers[2];
    moveTimer = numbers[3];
    enemyShotTimer = numbers[4];
    shotTimer = numbers[5];
  }
}
