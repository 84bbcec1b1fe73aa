package org.mobula.core.environment.text;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;

/**
 * A frozen lake is to be crossed from the start S to the goal G, over ice F and past holes H, by
 * moving left, down, right or up (actions 0, 1, 2, 3). Ice is slippery: a move goes to either side
 * of where it was meant to. The rules and random numbers are Gymnasium's FrozenLake-v1.
 *
 * <p>Observed: the cell, {@code row * columns + column}. The episode ends in a hole or at the goal.
 */
public final class FrozenLake extends TabularProblem {
  private static final List<String> SMALL = List.of("SFFF", "FHFH", "FFFH", "HFFG");
  private static final List<String> LARGE =
      List.of(
          "SFFFFFFF",
          "FFFFFFFF",
          "FFFHFFFF",
          "FFFFFHFF",
          "FFFHFFFF",
          "FHHFFFHF",
          "FHFFHFHF",
          "FFFHFFFG");
  private static final int MAX_SIDE = 1_000;

  private final List<String> map;
  private final int columns;
  private final double[] directions;
  private final double[] starts;
  private final double goalReward;
  private final double holeReward;
  private final double frozenReward;
  private int cell;

  /** The lake of 4 by 4 cells, where each of three directions is as likely. */
  public FrozenLake() {
    this(map("4x4"), 1.0 / 3, 1, 0, 0);
  }

  /**
   * A lake of one's own.
   *
   * @param map rows of the letters S, F, H and G, from top to bottom; an episode begins in any S
   * @param successRate how likely a move goes where it was meant to; each side has half of the rest
   * @param goalReward for a move to the goal
   * @param holeReward for a move into a hole
   * @param frozenReward for any other move
   */
  public FrozenLake(
      List<String> map,
      double successRate,
      double goalReward,
      double holeReward,
      double frozenReward) {
    super(new Discrete(requireMap(map)), 4);
    this.map = List.copyOf(map);
    this.columns = map.get(0).length();
    requireProbability("the success rate", successRate);
    double side = (1 - successRate) / 2;
    this.directions = cumulative(side, successRate, side);
    this.starts = starts(String.join("", map));
    this.goalReward = goalReward;
    this.holeReward = holeReward;
    this.frozenReward = frozenReward;
  }

  /** The map of a name, {@code 4x4} or {@code 8x8}. */
  public static List<String> map(String name) {
    return switch (name) {
      case "4x4" -> SMALL;
      case "8x8" -> LARGE;
      default ->
          throw new IllegalArgumentException(
              "no map is called \"" + name + "\"; there are 4x4, 8x8 and, by a seed, random");
    };
  }

  /**
   * A random map on which a way leads from the upper left corner to the goal in the lower right
   * one: Gymnasium's {@code generate_random_map} of the same seed.
   *
   * @param size cells of each side
   * @param frozen how likely a cell is ice and no hole
   */
  public static List<String> randomMap(int size, double frozen, long seed) {
    if (size < 2 || size > MAX_SIDE) {
      throw new IllegalArgumentException(
          "a map's size is " + size + " but must be from 2 to " + MAX_SIDE);
    }
    if (!(frozen > 0 && frozen <= 1)) {
      throw new IllegalArgumentException(
          "the probability of ice is " + frozen + " but must be above 0 and at most 1");
    }
    Pcg64 random = new Pcg64(seed);
    double[] tiles = {frozen, 1 - frozen};
    char[][] rows = new char[size][size];
    do {
      for (char[] row : rows) {
        for (int i = 0; i < size; i++) {
          row[i] = random.choice(tiles) == 0 ? 'F' : 'H';
        }
      }
      rows[0][0] = 'S';
      rows[size - 1][size - 1] = 'G';
    } while (!leadsToTheGoal(rows));
    return Arrays.stream(rows).map(String::new).toList();
  }

  private static boolean leadsToTheGoal(char[][] rows) {
    int size = rows.length;
    boolean[] seen = new boolean[size * size];
    Deque<Integer> ahead = new ArrayDeque<>(List.of(0));
    seen[0] = true;
    while (!ahead.isEmpty()) {
      int at = ahead.pop();
      for (int direction = 0; direction < 4; direction++) {
        int next = moved(at, direction, size, size);
        char tile = rows[next / size][next % size];
        if (tile == 'G') {
          return true;
        }
        if (tile != 'H' && !seen[next]) {
          seen[next] = true;
          ahead.push(next);
        }
      }
    }
    return false;
  }

  private static int requireMap(List<String> map) {
    if (map.isEmpty() || map.get(0).isEmpty()) {
      throw new IllegalArgumentException("a map needs a row with a cell, such as SFG");
    }
    for (int i = 0; i < map.size(); i++) {
      String row = map.get(i);
      if (row.length() != map.get(0).length()) {
        throw new IllegalArgumentException(
            "row %s of the map, %s, has %s cells but row 0 has %s"
                .formatted(i, row, row.length(), map.get(0).length()));
      }
      if (!row.matches("[SFHG]+")) {
        throw new IllegalArgumentException(
            "row %s of the map is %s but a cell is S, F, H or G".formatted(i, row));
      }
    }
    if (map.stream().noneMatch(row -> row.indexOf('S') >= 0)) {
      throw new IllegalArgumentException("the map " + map + " has no start: mark it with S");
    }
    return Math.multiplyExact(map.size(), map.get(0).length());
  }

  private static double[] starts(String tiles) {
    double count = tiles.chars().filter(tile -> tile == 'S').count();
    double[] probabilities = new double[tiles.length()];
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] = (tiles.charAt(i) == 'S' ? 1 : 0) / count;
    }
    return cumulative(probabilities);
  }

  private char tile(int at) {
    return map.get(at / columns).charAt(at % columns);
  }

  /** The cell to the left of, below, to the right of or above another; at the edge, itself. */
  private static int moved(int at, int direction, int rows, int columns) {
    int row = at / columns;
    int column = at % columns;
    switch (direction) {
      case 0 -> column = Math.max(column - 1, 0);
      case 1 -> row = Math.min(row + 1, rows - 1);
      case 2 -> column = Math.min(column + 1, columns - 1);
      default -> row = Math.max(row - 1, 0);
    }
    return row * columns + column;
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    cell = categorical(starts, random);
  }

  @Override
  void observe(float[] observation) {
    observation[0] = cell;
  }

  @Override
  public void step(float[] action, Step step) {
    int turn = categorical(directions, random()) - 1;
    int direction = (choice(action[0]) + turn + 4) % 4;
    char from = tile(cell);
    if (from == 'F' || from == 'S') {
      cell = moved(cell, direction, map.size(), columns);
      char to = tile(cell);
      step.reward = to == 'G' ? goalReward : to == 'H' ? holeReward : frozenReward;
    }
    char at = tile(cell);
    step.terminated = at == 'G' || at == 'H';
    observe(step.observation);
  }

  @Override
  void writeProblem(DataOutput out) throws IOException {
    out.writeInt(cell);
  }

  @Override
  void readProblem(DataInput in) throws IOException {
    cell = in.readInt();
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    List<String> lines = new ArrayList<>();
    for (int row = 0; row < map.size(); row++) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        boolean here = cell == row * columns + column;
        line.append(here ? '[' : ' ').append(map.get(row).charAt(column)).append(here ? ']' : ' ');
      }
      lines.add(line.toString());
    }
    return Optional.of(
        String.join("\n", lines)
            + String.format(Locale.ROOT, "\nrow %d, column %d\n", cell / columns, cell % columns));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Cells cells = Cells.board(graphics, width, height, columns, map.size());
    for (int at = 0; at < map.size() * columns; at++) {
      int row = at / columns;
      int column = at % columns;
      cells.cell(row, column, tile(at) == 'S' ? Cells.GRASS : Cells.ICE);
      if (tile(at) == 'H') {
        cells.disc(row, column, 0.4, Cells.WATER);
      } else if (tile(at) == 'G') {
        cells.flag(row, column);
      }
    }
    cells.disc(cell / columns, cell % columns, 0.28, Cells.RED);
    cells.finish();
    return true;
  }
}
