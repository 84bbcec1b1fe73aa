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
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/**
 * A world of cells by a map: {@code #} wall, {@code .} floor, {@code S} start, {@code G} goal,
 * {@code 1} to {@code 9} goals that pay so many times as much, {@code X} trap. Moves are up, right,
 * down, left (actions 0, 1, 2, 3). An episode begins in any start, or, where there is none, in any
 * cell of the floor from which a way leads to a goal; it ends at a goal or in a trap.
 *
 * <p>Observed: the cell, {@code row * columns + column}; with one goal an episode, the cell and the
 * goal's. As a picture: {@code [4][rows][columns]} ones and zeros, which show the agent, walls,
 * goals (of the episode) and traps.
 *
 * <p>Reset options, for curricula: {@code start-distance} begins the episode anywhere on the floor,
 * or in a start, at most so many moves from the nearest goal; {@code goal} chooses the episode's
 * goal where there is one an episode, counted from 0 in the order of the map; {@code slip} is that
 * of the episode.
 */
public final class GridWorld extends TabularProblem {
  private static final int CHANNELS = 4;
  private static final int[] ROW = {-1, 0, 1, 0};
  private static final int[] COLUMN = {0, 1, 0, -1};
  private static final int UNREACHABLE = Integer.MAX_VALUE;

  private final List<String> map;
  private final String tiles;
  private final int columns;
  private final GridRules rules;
  private final int[] goals;

  /** For each goal, or for all of them together, the moves from each cell. */
  private final int[][] distances;

  private final int[] candidates;
  private int cell;

  /** Which of the goals is the episode's; 0 where all are. */
  private int goal;

  private double slip;

  /**
   * A world.
   *
   * @param map rows of cells, from top to bottom
   */
  public GridWorld(List<String> map, GridRules rules) {
    super(observations(requireMap(map), map.get(0).length(), rules), 4);
    this.map = List.copyOf(map);
    this.tiles = String.join("", map);
    this.columns = map.get(0).length();
    this.rules = rules;
    this.goals = cells("G123456789");
    this.candidates = new int[tiles.length()];
    this.distances = distances();
    this.slip = rules.slip();
    requireWays();
  }

  private static int requireMap(List<String> map) {
    if (map.isEmpty() || map.get(0).isEmpty()) {
      throw new IllegalArgumentException("a map needs a row with a cell, such as S.G");
    }
    for (int i = 0; i < map.size(); i++) {
      String row = map.get(i);
      if (row.length() != map.get(0).length()) {
        throw new IllegalArgumentException(
            "row %s of the map, %s, has %s cells but row 0 has %s"
                .formatted(i, row, row.length(), map.get(0).length()));
      }
      if (!row.matches("[#.SGX1-9]+")) {
        throw new IllegalArgumentException(
            "row %s of the map is %s but a cell is #, ., S, G, X or a digit from 1 to 9"
                .formatted(i, row));
      }
    }
    return map.size();
  }

  private static Space observations(int rows, int columns, GridRules rules) {
    if (rules.picture()) {
      return Box.bits(CHANNELS, rows, columns);
    }
    int cells = Math.multiplyExact(rows, columns);
    return rules.oneGoal() ? new MultiDiscrete(cells, cells) : new Discrete(cells);
  }

  private int[] cells(String kinds) {
    List<Integer> found = new ArrayList<>();
    for (int at = 0; at < tiles.length(); at++) {
      if (kinds.indexOf(tiles.charAt(at)) >= 0) {
        found.add(at);
      }
    }
    return found.stream().mapToInt(Integer::intValue).toArray();
  }

  private int[][] distances() {
    if (!rules.oneGoal()) {
      return new int[][] {distances(goals)};
    }
    int[][] each = new int[goals.length][];
    for (int i = 0; i < goals.length; i++) {
      each[i] = distances(new int[] {goals[i]});
    }
    return each;
  }

  /** The moves from each cell to the nearest of some; no way leads through other goals or traps. */
  private int[] distances(int[] to) {
    int[] moves = new int[tiles.length()];
    Arrays.fill(moves, UNREACHABLE);
    Deque<Integer> ahead = new ArrayDeque<>();
    for (int at : to) {
      moves[at] = 0;
      ahead.add(at);
    }
    while (!ahead.isEmpty()) {
      int at = ahead.remove();
      for (int direction = 0; direction < 4; direction++) {
        int next = moved(at, direction);
        if (moves[next] == UNREACHABLE && passable(next)) {
          moves[next] = moves[at] + 1;
          ahead.add(next);
        }
      }
    }
    return moves;
  }

  /** Whether an episode goes on there; another goal than the episode's is floor. */
  private boolean passable(int at) {
    char tile = tiles.charAt(at);
    return tile == '.' || tile == 'S' || (rules.oneGoal() && tile != 'X' && tile != '#');
  }

  private void requireWays() {
    if (goals.length == 0) {
      throw new IllegalArgumentException("the map " + map + " has no goal: mark it with G");
    }
    for (int at : cells("S")) {
      for (int[] moves : distances) {
        if (moves[at] == UNREACHABLE) {
          throw new IllegalArgumentException(
              "no way leads from the start in row %s, column %s to a goal on the map %s"
                  .formatted(at / columns, at % columns, map));
        }
      }
    }
    for (int which = 0; which < distances.length; which++) {
      goal = which;
      if (startsWithin(UNREACHABLE - 1) == 0) {
        throw new IllegalArgumentException("no way leads to a goal on the map " + map);
      }
    }
    goal = 0;
  }

  /** The cell that a move leads to; against a wall or the border, the same. */
  private int moved(int at, int direction) {
    int row = at / columns + ROW[direction];
    int column = at % columns + COLUMN[direction];
    if (row < 0 || row >= map.size() || column < 0 || column >= columns) {
      return at;
    }
    int next = row * columns + column;
    return tiles.charAt(next) == '#' ? at : next;
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    slip = requireProbability("slip", option(reset, "slip", rules.slip()));
    goal = rules.oneGoal() ? goal(reset, random) : 0;
    double within = option(reset, "start-distance", -1);
    int count;
    if (within < 0) {
      count = starts();
    } else {
      count = startsWithin((int) Math.round(within));
      if (count == 0) {
        throw new IllegalArgumentException(
            "start-distance is %s but no cell is that near to a goal: it must be >= 1"
                .formatted(within));
      }
    }
    cell = candidates[random.nextInt(count)];
  }

  private int goal(Reset reset, Pcg64 random) {
    double chosen = option(reset, "goal", -1);
    if (chosen == -1) {
      return random.nextInt(goals.length);
    }
    if (!(chosen >= 0 && chosen < goals.length && chosen == (int) chosen)) {
      throw new IllegalArgumentException(
          "goal is %s but must be a whole number from 0 to %s".formatted(chosen, goals.length - 1));
    }
    return (int) chosen;
  }

  /** Puts the starts of the map among the candidates, or all cells of the floor. */
  private int starts() {
    int count = 0;
    for (int at = 0; at < tiles.length(); at++) {
      if (tiles.charAt(at) == 'S') {
        candidates[count++] = at;
      }
    }
    return count > 0 ? count : startsWithin(UNREACHABLE - 1);
  }

  private int startsWithin(int moves) {
    int count = 0;
    for (int at = 0; at < tiles.length(); at++) {
      int distance = distances[goal][at];
      char tile = tiles.charAt(at);
      if (distance > 0 && distance <= moves && (tile == '.' || tile == 'S')) {
        candidates[count++] = at;
      }
    }
    return count;
  }

  private boolean atGoal() {
    return rules.oneGoal() ? cell == goals[goal] : isGoal(cell);
  }

  private boolean isGoal(int at) {
    char tile = tiles.charAt(at);
    return tile == 'G' || (tile >= '1' && tile <= '9');
  }

  @Override
  void observe(float[] observation) {
    if (!rules.picture()) {
      observation[0] = cell;
      if (rules.oneGoal()) {
        observation[1] = goals[goal];
      }
      return;
    }
    int size = tiles.length();
    for (int at = 0; at < size; at++) {
      boolean shown = rules.oneGoal() ? at == goals[goal] : isGoal(at);
      observation[at] = at == cell ? 1 : 0;
      observation[size + at] = tiles.charAt(at) == '#' ? 1 : 0;
      observation[2 * size + at] = shown ? 1 : 0;
      observation[3 * size + at] = tiles.charAt(at) == 'X' ? 1 : 0;
    }
  }

  @Override
  public void step(float[] action, Step step) {
    Pcg64 random = random();
    int direction = choice(action[0]);
    if (slip > 0) {
      double draw = random.nextDouble();
      if (draw < slip) {
        direction = (direction + (draw < slip / 2 ? 1 : 3)) % 4;
      }
    }
    cell = moved(cell, direction);
    step.reward = rules.stepReward();
    if (atGoal()) {
      char tile = tiles.charAt(cell);
      step.reward += rules.goalReward() * (tile == 'G' ? 1 : tile - '0');
      step.terminated = true;
    } else if (tiles.charAt(cell) == 'X') {
      step.reward += rules.trapReward();
      step.terminated = true;
    }
    observe(step.observation);
  }

  @Override
  public boolean masksActions() {
    return rules.actionMask();
  }

  @Override
  public void actionMask(boolean[] mask) {
    for (int direction = 0; direction < 4; direction++) {
      mask[direction] = !rules.actionMask() || moved(cell, direction) != cell;
    }
  }

  @Override
  void writeProblem(DataOutput out) throws IOException {
    out.writeInt(cell);
    out.writeInt(goal);
    out.writeDouble(slip);
  }

  @Override
  void readProblem(DataInput in) throws IOException {
    cell = in.readInt();
    goal = in.readInt();
    slip = in.readDouble();
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    StringBuilder picture = new StringBuilder();
    for (int at = 0; at < tiles.length(); at++) {
      char tile = tiles.charAt(at);
      boolean other = rules.oneGoal() && isGoal(at) && at != goals[goal];
      picture.append(at == cell ? '[' : ' ').append(other ? '.' : tile);
      picture.append(at == cell ? ']' : ' ').append(at % columns == columns - 1 ? "\n" : "");
    }
    return Optional.of(picture.toString());
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Cells cells = Cells.board(graphics, width, height, columns, map.size());
    for (int at = 0; at < tiles.length(); at++) {
      int row = at / columns;
      int column = at % columns;
      char tile = tiles.charAt(at);
      cells.cell(row, column, tile == '#' ? Cells.ROCK : tile == 'S' ? Cells.GRASS : Cells.ICE);
      if (tile == 'X') {
        cells.disc(row, column, 0.4, Cells.INK);
      } else if (rules.oneGoal() ? at == goals[goal] : isGoal(at)) {
        cells.flag(row, column);
      }
    }
    cells.disc(cell / columns, cell % columns, 0.28, Cells.RED);
    cells.finish();
    return true;
  }
}
