package org.mobula.core.environment.minatar;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

/**
 * What the games share: actions that stick, pictures, and the saving of the state. Where no reset
 * ever gave a seed, the seed is 0.
 *
 * <p>Random numbers are drawn in the order of MinAtar 1.0.15: the sticking first.
 */
abstract class MinAtarGame implements Environment {
  static final int SIDE = 10;
  static final int CELLS = SIDE * SIDE;
  static final int LEFT = 1;
  static final int UP = 2;
  static final int RIGHT = 3;
  static final int DOWN = 4;
  static final int FIRE = 5;
  private static final int[] ALL = {0, LEFT, UP, RIGHT, DOWN, FIRE};

  private final MinAtarRules rules;
  private final String marks;
  private final Box observationSpace;
  private final int[] actions;
  private final Discrete actionSpace;
  private Pcg64 random = new Pcg64(0);
  private boolean started;
  private int lastAction;

  /**
   * A game.
   *
   * @param marks a character for each channel of the observation
   * @param minimal the actions that do something, in their order
   */
  MinAtarGame(MinAtarRules rules, String marks, int... minimal) {
    this.rules = rules;
    this.marks = marks;
    this.observationSpace = Box.bits(marks.length(), SIDE, SIDE);
    this.actions = rules.minimalActions() ? minimal : ALL;
    this.actionSpace = new Discrete(actions.length);
  }

  final boolean ramping() {
    return rules.ramping();
  }

  @Override
  public final Box observationSpace() {
    return observationSpace;
  }

  @Override
  public final Discrete actionSpace() {
    return actionSpace;
  }

  @Override
  public final void reset(Reset reset, float[] observation) {
    random = reset.random(random);
    if (reset.seed() != null) {
      lastAction = 0;
    }
    start(random);
    started = true;
    show(observation);
  }

  @Override
  public final void step(float[] action, Step step) {
    requireReset();
    int index = (int) action[0];
    if (index != action[0] || index < 0 || index >= actions.length) {
      throw new IllegalArgumentException(
          "action is %s but must be a whole number from 0 to %s"
              .formatted(action[0], actions.length - 1));
    }
    int taken = random.nextDouble() < rules.stickyActionProbability() ? lastAction : actions[index];
    lastAction = taken;
    play(taken, random, step);
    show(step.observation);
  }

  private void requireReset() {
    if (!started) {
      throw new IllegalStateException("no episode has begun: reset before the first step");
    }
  }

  private void show(float[] observation) {
    Arrays.fill(observation, 0);
    observe(observation);
  }

  /** Begins an episode. */
  abstract void start(Pcg64 random);

  /** Plays one frame. */
  abstract void play(int action, Pcg64 random, Step step);

  /** Sets what is seen in an observation of zeros. */
  abstract void observe(float[] observation);

  /** Sets a cell of a channel. */
  static void set(float[] observation, int channel, int y, int x) {
    observation[channel * CELLS + y * SIDE + x] = 1;
  }

  static void set(float[] observation, int channel, boolean[] cells) {
    for (int i = 0; i < CELLS; i++) {
      observation[channel * CELLS + i] = cells[i] ? 1 : 0;
    }
  }

  @Override
  public final boolean savesState() {
    return true;
  }

  @Override
  public final void writeState(DataOutput out) throws IOException {
    out.writeBoolean(started);
    out.writeInt(lastAction);
    random.writeState(out);
    writeGame(out);
  }

  @Override
  public final void readState(DataInput in) throws IOException {
    started = in.readBoolean();
    lastAction = in.readInt();
    random.readState(in);
    readGame(in);
  }

  /** Writes the state beside the random numbers and the last action. */
  abstract void writeGame(DataOutput out) throws IOException;

  /** Reads what {@link #writeGame} wrote. */
  abstract void readGame(DataInput in) throws IOException;

  static void write(DataOutput out, int... numbers) throws IOException {
    for (int number : numbers) {
      out.writeInt(number);
    }
  }

  static void read(DataInput in, int[] numbers) throws IOException {
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = in.readInt();
    }
  }

  static void write(DataOutput out, boolean[] cells) throws IOException {
    for (boolean cell : cells) {
      out.writeBoolean(cell);
    }
  }

  static void read(DataInput in, boolean[] cells) throws IOException {
    for (int i = 0; i < cells.length; i++) {
      cells[i] = in.readBoolean();
    }
  }

  /** The channel that is seen of each cell, the first of several; -1 for none. */
  private int[] channels() {
    requireReset();
    float[] observation = new float[observationSpace.size()];
    show(observation);
    int[] channels = new int[CELLS];
    for (int at = 0; at < CELLS; at++) {
      channels[at] = -1;
      for (int channel = 0; channel < marks.length() && channels[at] < 0; channel++) {
        channels[at] = observation[channel * CELLS + at] == 1 ? channel : -1;
      }
    }
    return channels;
  }

  @Override
  public Optional<String> renderText() {
    StringBuilder picture = new StringBuilder();
    int[] channels = channels();
    for (int at = 0; at < CELLS; at++) {
      picture.append(channels[at] < 0 ? '.' : marks.charAt(channels[at]));
      picture.append(at % SIDE == SIDE - 1 ? '\n' : ' ');
    }
    return Optional.of(picture.toString());
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    Screen.paint(graphics, width, height, channels());
    return true;
  }

  @Override
  public double secondsPerStep() {
    return 0.1;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }
}
