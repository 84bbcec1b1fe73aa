package org.mobula.core.environment.minatar;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;

/**
 * A submarine shoots at fish and enemy submarines, 1 for each, and saves divers: six of them at the
 * surface are paid by the oxygen that is left, up to 10. It surfaces for oxygen with at least one
 * diver, who gets off. The episode ends when it meets an enemy or a bullet, has no oxygen, or
 * surfaces without a diver. Each surfacing makes the game faster.
 *
 * <p>Channels: bow and stern of the submarine, its bullets, trails, enemies' bullets, fish, enemy
 * submarines, oxygen, divers on board, divers. Actions: none, left, up, right, down, fire.
 */
public final class Seaquest extends MinAtarGame {
  private static final int MAX_OXYGEN = 200;
  private static final int SPAWN_SPEED = 20;
  private static final int DIVER_SPAWN_SPEED = 30;
  private static final int MOVE_INTERVAL = 5;
  private static final int LEAST_MOVE_INTERVAL = 2;
  private static final int DIVER_MOVE_INTERVAL = 5;
  private static final int SHOT_COOL_DOWN = 5;
  private static final int ENEMY_SHOT_INTERVAL = 10;
  private static final int SEATS = 6;
  private static final int DEEPEST = 8;

  private final Swimmers bullets = new Swimmers();
  private final Swimmers enemyBullets = new Swimmers();
  private final Swimmers fish = new Swimmers();
  private final Swimmers submarines = new Swimmers();
  private final Swimmers divers = new Swimmers();
  private int oxygen;
  private int onBoard;
  private int x;
  private int y;
  private boolean toTheRight;
  private int spawnSpeed;
  private int spawnTimer;
  private int diverSpawnTimer;
  private int moveSpeed;
  private int rampIndex;
  private int shotTimer;
  private boolean surfaced;

  /** By the paper's rules. */
  public Seaquest() {
    this(MinAtarRules.defaults());
  }

  /** By these rules. */
  public Seaquest(MinAtarRules rules) {
    super(rules, "@o-,!fs%d&", 0, LEFT, UP, RIGHT, DOWN, FIRE);
  }

  @Override
  void start(Pcg64 random) {
    bullets.clear();
    enemyBullets.clear();
    fish.clear();
    submarines.clear();
    divers.clear();
    oxygen = MAX_OXYGEN;
    onBoard = 0;
    x = 5;
    y = 0;
    toTheRight = false;
    spawnSpeed = SPAWN_SPEED;
    spawnTimer = SPAWN_SPEED;
    diverSpawnTimer = DIVER_SPAWN_SPEED;
    moveSpeed = MOVE_INTERVAL;
    rampIndex = 0;
    shotTimer = 0;
    surfaced = true;
  }

  private void spawn(Pcg64 random) {
    if (spawnTimer == 0) {
      boolean right = random.nextDouble() < 0.5;
      boolean submarine = random.nextDouble() < 1.0 / 3;
      int row = random.nextInt(1, DEEPEST + 1);
      if (!fish.anyAgainst(row, right) && !submarines.anyAgainst(row, right)) {
        (submarine ? submarines : fish)
            .add(right ? 0 : SIDE - 1, row, right, moveSpeed, ENEMY_SHOT_INTERVAL);
      }
      spawnTimer = spawnSpeed;
    }
    if (diverSpawnTimer == 0) {
      boolean right = random.nextDouble() < 0.5;
      int row = random.nextInt(1, DEEPEST + 1);
      divers.add(right ? 0 : SIDE - 1, row, right, DIVER_MOVE_INTERVAL, 0);
      diverSpawnTimer = DIVER_SPAWN_SPEED;
    }
  }

  @Override
  void play(int action, Pcg64 random, Step step) {
    spawn(random);
    act(action);
    moveBullets(step);
    moveDivers();
    moveEnemies(submarines, step);
    moveEnemyBullets(step);
    moveEnemies(fish, step);
    spawnTimer -= spawnTimer > 0 ? 1 : 0;
    diverSpawnTimer -= diverSpawnTimer > 0 ? 1 : 0;
    shotTimer -= shotTimer > 0 ? 1 : 0;
    if (oxygen <= 0) {
      step.terminated = true;
    }
    if (y > 0) {
      oxygen--;
      surfaced = false;
    } else if (!surfaced) {
      surface(step);
    }
  }

  private void act(int action) {
    switch (action) {
      case LEFT -> {
        x = Math.max(0, x - 1);
        toTheRight = false;
      }
      case RIGHT -> {
        x = Math.min(SIDE - 1, x + 1);
        toTheRight = true;
      }
      case UP -> y = Math.max(0, y - 1);
      case DOWN -> y = Math.min(DEEPEST, y + 1);
      case FIRE -> {
        if (shotTimer == 0) {
          bullets.add(x, y, toTheRight, 0, 0);
          shotTimer = SHOT_COOL_DOWN;
        }
      }
      default -> {}
    }
  }

  private void moveBullets(Step step) {
    for (int i = bullets.count() - 1; i >= 0; i--) {
      if (!bullets.move(i)) {
        bullets.remove(i);
      } else if (hit(fish, i) || hit(submarines, i)) {
        bullets.remove(i);
        step.reward++;
      }
    }
  }

  private boolean hit(Swimmers enemies, int bullet) {
    int enemy = enemies.firstAt(bullets.x(bullet), bullets.y(bullet));
    if (enemy < 0) {
      return false;
    }
    enemies.remove(enemy);
    return true;
  }

  private void moveDivers() {
    for (int i = divers.count() - 1; i >= 0; i--) {
      if (boards(i)) {
        continue;
      }
      if (divers.timeToMove(i, DIVER_MOVE_INTERVAL)) {
        if (divers.move(i)) {
          boards(i);
        } else {
          divers.remove(i);
        }
      }
    }
  }

  private boolean boards(int diver) {
    if (!divers.isAt(diver, x, y) || onBoard >= SEATS) {
      return false;
    }
    divers.remove(diver);
    onBoard++;
    return true;
  }

  private void moveEnemies(Swimmers enemies, Step step) {
    for (int i = enemies.count() - 1; i >= 0; i--) {
      step.terminated |= enemies.isAt(i, x, y);
      if (enemies.timeToMove(i, moveSpeed)) {
        if (!enemies.move(i)) {
          enemies.remove(i);
          continue;
        }
        if (enemies.isAt(i, x, y)) {
          step.terminated = true;
        } else {
          int bullet = bullets.firstAt(enemies.x(i), enemies.y(i));
          if (bullet >= 0) {
            bullets.remove(bullet);
            enemies.remove(i);
            step.reward++;
            continue;
          }
        }
      }
      if (enemies == submarines && enemies.timeToShoot(i, ENEMY_SHOT_INTERVAL)) {
        enemyBullets.add(enemies.x(i), enemies.y(i), enemies.toTheRight(i), 0, 0);
      }
    }
  }

  private void moveEnemyBullets(Step step) {
    for (int i = enemyBullets.count() - 1; i >= 0; i--) {
      step.terminated |= enemyBullets.isAt(i, x, y);
      if (!enemyBullets.move(i)) {
        enemyBullets.remove(i);
      } else {
        step.terminated |= enemyBullets.isAt(i, x, y);
      }
    }
  }

  private void surface(Step step) {
    surfaced = true;
    if (onBoard == 0) {
      step.terminated = true;
      return;
    }
    if (onBoard == SEATS) {
      onBoard = 0;
      int tenths = oxygen * 10 / MAX_OXYGEN;
      step.reward += tenths;
    }
    oxygen = MAX_OXYGEN;
    onBoard--;
    if (ramping() && (spawnSpeed > 1 || moveSpeed > LEAST_MOVE_INTERVAL)) {
      if (moveSpeed > LEAST_MOVE_INTERVAL && rampIndex % 2 == 1) {
        moveSpeed--;
      }
      if (spawnSpeed > 1) {
        spawnSpeed--;
      }
      rampIndex++;
    }
  }

  @Override
  void observe(float[] observation) {
    set(observation, 0, y, x);
    set(observation, 1, y, Math.floorMod(x - (toTheRight ? 1 : -1), SIDE));
    bullets.show(observation, 2, -1);
    enemyBullets.show(observation, 4, -1);
    fish.show(observation, 5, 3);
    submarines.show(observation, 6, 3);
    divers.show(observation, 9, 3);
    for (int gauge = 0; gauge < oxygen * 10 / MAX_OXYGEN; gauge++) {
      set(observation, 7, SIDE - 1, gauge);
    }
    for (int diver = 0; diver < onBoard; diver++) {
      set(observation, 8, SIDE - 1, SIDE - 2 - diver);
    }
  }

  @Override
  void writeGame(DataOutput out) throws IOException {
    for (Swimmers each : new Swimmers[] {bullets, enemyBullets, fish, submarines, divers}) {
      each.write(out);
    }
    write(out, oxygen, onBoard, x, y, spawnSpeed, spawnTimer, diverSpawnTimer, moveSpeed);
    write(out, rampIndex, shotTimer);
    out.writeBoolean(toTheRight);
    out.writeBoolean(surfaced);
  }

  @Override
  void readGame(DataInput in) throws IOException {
    for (Swimmers each : new Swimmers[] {bullets, enemyBullets, fish, submarines, divers}) {
      each.read(in);
    }
    int[] numbers = new int[10];
    read(in, numbers);
    oxygen = numbers[0];
    onBoard = numbers[1];
    x = numbers[2];
    y = numbers[3];
    spawnSpeed = numbers[4];
    spawnTimer = numbers[5];
    diverSpawnTimer = numbers[6];
    moveSpeed = numbers[7];
    rampIndex = numbers[8];
    shotTimer = numbers[9];
    toTheRight = in.readBoolean();
    surfaced = in.readBoolean();
  }
}
