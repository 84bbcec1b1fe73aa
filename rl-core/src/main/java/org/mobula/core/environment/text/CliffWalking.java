package org.mobula.core.environment.text;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;

/**
 * A walk of 4 by 12 cells from the lower left corner to the lower right one, along a cliff between
 * them, by moving up, right, down or left (actions 0, 1, 2, 3): Example 6.6 of Sutton and Barto.
 * The rules and random numbers are Gymnasium's CliffWalking.
 *
 * <p>Observed: the cell, {@code row * 12 + column}. Each move is rewarded with -1; one over the
 * cliff with -100, and it leads back to the start. The episode ends at the goal.
 */
public final class CliffWalking extends TabularProblem {
  private static final int ROWS = 4;
  private static final int COLUMNS = 12;
  private static final int START = 36;
  private static final int GOAL = 47;

  /** Where the moves to the left of, along and to the right of an action end to be likely. */
  private final double[] directions;

  private int cell;

  /** On firm ground. */
  public CliffWalking() {
    this(false);
  }

  /**
   * On a ground of choice.
   *
   * @param slippery whether each move goes to either side as likely as where it was meant to
   */
  public CliffWalking(boolean slippery) {
    super(new Discrete(ROWS * COLUMNS), 4);
    directions = slippery ? cumulative(1.0 / 3, 1.0 / 3, 1.0 / 3) : cumulative(0, 1, 0);
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    random.nextDouble(); // for a start that is always the same
    cell = START;
  }

  @Override
  void observe(float[] observation) {
    observation[0] = cell;
  }

  @Override
  public void step(float[] action, Step step) {
    int turn = categorical(directions, random()) - 1;
    int row = cell / COLUMNS;
    int column = cell % COLUMNS;
    switch ((choice(action[0]) + turn + 4) % 4) {
      case 0 -> row = Math.max(row - 1, 0);
      case 1 -> column = Math.min(column + 1, COLUMNS - 1);
      case 2 -> row = Math.min(row + 1, ROWS - 1);
      default -> column = Math.max(column - 1, 0);
    }
    cell = row * COLUMNS + column;
    step.reward = -1;
    if (cell > START && cell < GOAL) {
      cell = START;
      step.reward = -100;
    }
    step.terminated = cell == GOAL;
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
    StringBuilder picture = new StringBuilder();
    for (int at = 0; at < ROWS * COLUMNS; at++) {
      char mark = at == GOAL ? 'T' : at > START && at < GOAL ? 'C' : 'o';
      picture.append(at == cell ? 'x' : mark);
      picture.append(at % COLUMNS == COLUMNS - 1 ? "\n" : "  ");
    }
    return Optional.of(picture.toString());
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Cells cells = Cells.board(graphics, width, height, COLUMNS, ROWS);
    for (int at = 0; at < ROWS * COLUMNS; at++) {
      boolean cliff = at > START && at < GOAL;
      cells.cell(at / COLUMNS, at % COLUMNS, cliff ? Cells.ROCK : Cells.GRASS);
    }
    cells.flag(GOAL / COLUMNS, GOAL % COLUMNS);
    cells.disc(cell / COLUMNS, cell % COLUMNS, 0.28, Cells.RED);
    cells.finish();
    return true;
  }
}
