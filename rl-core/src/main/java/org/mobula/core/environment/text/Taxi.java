package org.mobula.core.environment.text;

import java.awt.Color;
import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;

/**
 * A taxi in a town of 5 by 5 cells is to fetch a passenger at one of four stands and bring him to
 * another (Dietterich 2000): south, north, east, west, pick up, drop off (actions 0 to 5). The
 * rules and random numbers are Gymnasium's: those of Taxi-v3, and with rain or a fickle passenger
 * those of Taxi-v4.
 *
 * <p>Observed: {@code ((row * 5 + column) * 5 + passenger) * 4 + destination}, where the passenger
 * is at stand 0 to 3 (red, green, yellow, blue) or, with 4, in the taxi. Each step is rewarded with
 * -1, a passenger at his destination with 20, a pick-up or drop-off where there is none with -10.
 * The episode ends with the passenger at his destination.
 */
public final class Taxi extends TabularProblem {
  private static final List<String> MAP =
      List.of(
          "+---------+",
          "|R: | : :G|",
          "| : | : : |",
          "| : : : : |",
          "| | : | : |",
          "|Y| : |B: |",
          "+---------+");
  private static final int SIDE = 5;
  private static final int STATES = 500;
  private static final int STANDS = 4;
  private static final int IN_TAXI = 4;
  private static final int[] STAND_CELLS = {0, 4, 20, 23};
  private static final String[] STAND_NAMES = {"red", "green", "yellow", "blue"};

  /** For each direction those to its left and right; south, north, east, west. */
  private static final int[][] SIDES = {{2, 3}, {3, 2}, {1, 0}, {0, 1}};

  private final Settings settings;
  private final double[] directions;
  private final double[] starts = starts();
  private int cell;
  private int passenger;
  private int destination;
  private boolean fickle;

  /**
   * What the taxi has to reckon with.
   *
   * @param actionMask whether actions that change nothing are forbidden: moves against walls, and
   *     picking up or dropping off where there is nobody or no stand
   * @param forward how likely a move goes where it was meant to, 1 without rain; each side has half
   *     of the rest
   * @param fickle how likely the passenger changes his destination once, at the first move after he
   *     has been picked up
   */
  private record Settings(boolean actionMask, double forward, double fickle) {
    Settings {
      requireProbability("the probability of a move where it was meant to go", forward);
      requireProbability("the probability of a change of destination", fickle);
    }
  }

  /** In dry weather, with all actions allowed: Taxi-v3. */
  public Taxi() {
    this(false);
  }

  /**
   * In dry weather.
   *
   * @param actionMask whether actions that change nothing are forbidden
   */
  public Taxi(boolean actionMask) {
    this(new Settings(actionMask, 1, 0));
  }

  /**
   * In the rain, with a passenger who may change his mind.
   *
   * @param actionMask whether actions that change nothing are forbidden
   * @param forward how likely a move goes where it was meant to; each side has half of the rest.
   *     Where the way ahead is barred the taxi stays
   * @param fickle how likely the passenger changes his destination once, at the first move after he
   *     has been picked up
   */
  public Taxi(boolean actionMask, double forward, double fickle) {
    this(new Settings(actionMask, forward, fickle));
  }

  private Taxi(Settings settings) {
    super(new Discrete(STATES), 6);
    this.settings = settings;
    double side = (1 - settings.forward) / 2;
    this.directions = cumulative(settings.forward, side, side);
  }

  private static double[] starts() {
    double[] probabilities = new double[STATES];
    for (int state = 0; state < STATES; state++) {
      int at = state / STANDS % (STANDS + 1);
      probabilities[state] = (at != IN_TAXI && at != state % STANDS ? 1 : 0) / 300.0;
    }
    return cumulative(probabilities);
  }

  private int state() {
    return (cell * (STANDS + 1) + passenger) * STANDS + destination;
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    int state = categorical(starts, random);
    destination = state % STANDS;
    passenger = state / STANDS % (STANDS + 1);
    cell = state / STANDS / (STANDS + 1);
    fickle = settings.fickle > 0 && random.nextDouble() < settings.fickle;
  }

  @Override
  void observe(float[] observation) {
    observation[0] = state();
  }

  private static boolean open(int cell, int direction) {
    int row = cell / SIDE;
    int column = cell % SIDE;
    return switch (direction) {
      case 0 -> row < SIDE - 1;
      case 1 -> row > 0;
      case 2 -> MAP.get(row + 1).charAt(2 * column + 2) == ':';
      default -> MAP.get(row + 1).charAt(2 * column) == ':';
    };
  }

  private static int moved(int cell, int direction) {
    if (!open(cell, direction)) {
      return cell;
    }
    return switch (direction) {
      case 0 -> cell + SIDE;
      case 1 -> cell - SIDE;
      case 2 -> cell + 1;
      default -> cell - 1;
    };
  }

  private static int standAt(int cell) {
    for (int stand = 0; stand < STANDS; stand++) {
      if (STAND_CELLS[stand] == cell) {
        return stand;
      }
    }
    return -1;
  }

  @Override
  public void step(float[] action, Step step) {
    Pcg64 random = random();
    int choice = choice(action[0]);
    step.reward = -1;
    if (choice < 4) {
      move(choice, categorical(directions, random), random);
    } else {
      random.nextDouble(); // for an outcome that is certain
      if (choice == 4) {
        pickUp(step);
      } else {
        dropOff(step);
      }
    }
    observe(step.observation);
  }

  private void move(int direction, int outcome, Pcg64 random) {
    if (!open(cell, direction)) {
      return;
    }
    int next = moved(cell, outcome == 0 ? direction : SIDES[direction][outcome - 1]);
    boolean changesMind = fickle && passenger == IN_TAXI && next != cell;
    cell = next;
    if (changesMind) {
      fickle = false;
      int other = random.nextInt(STANDS - 1);
      destination = other < destination ? other : other + 1;
    }
  }

  private void pickUp(Step step) {
    if (passenger != IN_TAXI && STAND_CELLS[passenger] == cell) {
      passenger = IN_TAXI;
    } else {
      step.reward = -10;
    }
  }

  private void dropOff(Step step) {
    int stand = standAt(cell);
    if (passenger != IN_TAXI || stand < 0) {
      step.reward = -10;
      return;
    }
    passenger = stand;
    if (stand == destination) {
      step.reward = 20;
      step.terminated = true;
    }
  }

  @Override
  public boolean masksActions() {
    return settings.actionMask;
  }

  @Override
  public void actionMask(boolean[] mask) {
    if (!settings.actionMask) {
      Arrays.fill(mask, true);
      return;
    }
    requireReset();
    for (int direction = 0; direction < 4; direction++) {
      mask[direction] = open(cell, direction);
    }
    mask[4] = passenger != IN_TAXI && STAND_CELLS[passenger] == cell;
    mask[5] = passenger == IN_TAXI && standAt(cell) >= 0;
  }

  @Override
  void writeProblem(DataOutput out) throws IOException {
    out.writeInt(cell);
    out.writeInt(passenger);
    out.writeInt(destination);
    out.writeBoolean(fickle);
  }

  @Override
  void readProblem(DataInput in) throws IOException {
    cell = in.readInt();
    passenger = in.readInt();
    destination = in.readInt();
    fickle = in.readBoolean();
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    StringBuilder picture = new StringBuilder();
    for (int row = 0; row < MAP.size(); row++) {
      StringBuilder line = new StringBuilder(MAP.get(row));
      if (row == cell / SIDE + 1) {
        line.setCharAt(2 * (cell % SIDE) + 1, passenger == IN_TAXI ? '#' : 'O');
      }
      picture.append(line).append('\n');
    }
    String where = passenger == IN_TAXI ? "in the taxi" : "at " + STAND_NAMES[passenger];
    return Optional.of(picture + "passenger " + where + ", to " + STAND_NAMES[destination] + "\n");
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Color[] colours = {Cells.RED, Cells.GREEN, Cells.YELLOW, Cells.BLUE};
    Cells cells = Cells.board(graphics, width, height, SIDE, SIDE);
    for (int at = 0; at < SIDE * SIDE; at++) {
      int stand = standAt(at);
      cells.cell(at / SIDE, at % SIDE, stand < 0 ? Cells.GRASS : colours[stand]);
    }
    for (int at = 0; at < SIDE * SIDE; at++) {
      if (at % SIDE < SIDE - 1 && !open(at, 2)) {
        cells.wall(at / SIDE, at % SIDE);
      }
    }
    int stand = STAND_CELLS[destination];
    cells.flag(stand / SIDE, stand % SIDE);
    int row = cell / SIDE;
    cells.box(row + 0.25, cell % SIDE + 0.1, 0.8, 0.5, Cells.INK);
    int person = passenger == IN_TAXI ? cell : STAND_CELLS[passenger];
    cells.disc(person / SIDE, person % SIDE, 0.15, Cells.ICE);
    cells.finish();
    return true;
  }
}
