package org.mobula.core.environment.text;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

/**
 * A corridor leads from the start to a junction, where the way to the goal is up or down; a sign
 * that says which is seen at the start alone (Bakker 2002). Moves are up, right, down, left
 * (actions 0, 1, 2, 3).
 *
 * <p>Observed, as in the paper: 0 1 1 at the start where the goal is up, 1 1 0 where it is down, 1
 * 0 1 in the corridor, 0 1 0 at the junction. A move up or down at the junction ends the episode,
 * with a reward of 4 towards the goal and -0.1 else; a move against a wall is rewarded with -0.1,
 * any other with 0. Reset option {@code length} is that of the episode's corridor.
 */
public final class TMaze extends TabularProblem {
  private static final int MAX_LENGTH = 1_000;

  private final int standardLength;
  private int length;
  private int place;
  private boolean goalUp;

  /** With a corridor of 10 moves. */
  public TMaze() {
    this(10);
  }

  /**
   * With a corridor of a length.
   *
   * @param length moves from the start to the junction
   */
  public TMaze(int length) {
    super(Box.of(0, 1, 3), 4);
    this.standardLength = requireLength(length);
  }

  private static int requireLength(double length) {
    if (!(length >= 1 && length <= MAX_LENGTH)) {
      throw new IllegalArgumentException(
          "the corridor's length is " + length + " but must be from 1 to " + MAX_LENGTH);
    }
    return (int) Math.round(length);
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    length = requireLength(option(reset, "length", standardLength));
    place = 0;
    goalUp = random.nextInt(2) == 1;
  }

  @Override
  void observe(float[] observation) {
    boolean start = place == 0;
    boolean junction = place == length;
    observation[0] = junction || (start && goalUp) ? 0 : 1;
    observation[1] = start || junction ? 1 : 0;
    observation[2] = junction || (start && !goalUp) ? 0 : 1;
  }

  @Override
  public void step(float[] action, Step step) {
    requireReset();
    int direction = choice(action[0]);
    boolean along = direction == 1 || direction == 3;
    if (!along && place == length) {
      step.terminated = true;
      step.reward = (direction == 0) == goalUp ? 4 : -0.1;
    } else {
      int next = direction == 1 ? place + 1 : place - 1;
      boolean wall = !along || next < 0 || next > length;
      step.reward = wall ? -0.1 : 0;
      place = wall ? place : next;
    }
    observe(step.observation);
  }

  @Override
  void writeProblem(DataOutput out) throws IOException {
    out.writeInt(length);
    out.writeInt(place);
    out.writeBoolean(goalUp);
  }

  @Override
  void readProblem(DataInput in) throws IOException {
    length = in.readInt();
    place = in.readInt();
    goalUp = in.readBoolean();
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    String before = " ".repeat(length);
    StringBuilder corridor = new StringBuilder(".".repeat(length + 1));
    corridor.setCharAt(place, 'x');
    return Optional.of(
        before
            + (goalUp ? 'G' : '.')
            + "\n"
            + corridor
            + "\n"
            + before
            + (goalUp ? '.' : 'G')
            + "\n");
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Cells cells = Cells.board(graphics, width, height, length + 1, 3);
    for (int column = 0; column <= length; column++) {
      cells.cell(1, column, column == 0 ? Cells.YELLOW : Cells.ICE);
    }
    cells.cell(0, length, Cells.ICE);
    cells.cell(2, length, Cells.ICE);
    cells.flag(goalUp ? 0 : 2, length);
    cells.disc(1, place, 0.28, Cells.RED);
    cells.finish();
    return true;
  }
}
