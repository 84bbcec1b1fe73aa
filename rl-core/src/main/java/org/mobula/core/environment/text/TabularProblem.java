package org.mobula.core.environment.text;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * What the problems of cells and cards share: their own random numbers and the saving of the state.
 * Where no reset ever gave a seed, the seed is 0.
 */
abstract class TabularProblem implements Environment {
  private final Space observationSpace;
  private final Discrete actionSpace;
  private Pcg64 random = new Pcg64(0);
  private boolean started;

  TabularProblem(Space observationSpace, int actions) {
    this.observationSpace = observationSpace;
    this.actionSpace = new Discrete(actions);
  }

  @Override
  public final Space observationSpace() {
    return observationSpace;
  }

  @Override
  public final Discrete actionSpace() {
    return actionSpace;
  }

  @Override
  public final void reset(Reset reset, float[] observation) {
    random = reset.random(random);
    start(reset, random);
    started = true;
    observe(observation);
  }

  /** Draws the first state of an episode. */
  abstract void start(Reset reset, Pcg64 random);

  /** Writes what is seen of the state. */
  abstract void observe(float[] observation);

  /** The random numbers of this environment, which an episode has begun to draw. */
  final Pcg64 random() {
    requireReset();
    return random;
  }

  final void requireReset() {
    if (!started) {
      throw new IllegalStateException("no episode has begun: reset before the first step");
    }
  }

  /** The whole number in an action, which must be one of the choices. */
  final int choice(float action) {
    int choice = (int) action;
    int n = actionSpace.n();
    if (choice != action || choice < 0 || choice >= n) {
      throw new IllegalArgumentException(
          "action is " + action + " but must be a whole number from 0 to " + (n - 1));
    }
    return choice;
  }

  /**
   * One of several outcomes by their cumulative probabilities: the first that is greater than the
   * draw, or 0 where rounding has left none. Gymnasium draws one number even where there is no
   * choice.
   */
  static int categorical(double[] cumulative, Pcg64 random) {
    double draw = random.nextDouble();
    for (int i = 0; i < cumulative.length; i++) {
      if (cumulative[i] > draw) {
        return i;
      }
    }
    return 0;
  }

  /** The sums of the first one, two, three and so on, added in their order. */
  static double[] cumulative(double... probabilities) {
    double[] sums = new double[probabilities.length];
    double sum = 0;
    for (int i = 0; i < sums.length; i++) {
      sum += probabilities[i];
      sums[i] = sum;
    }
    return sums;
  }

  /** A reset option that is a number. */
  static double option(Reset reset, String name, double standard) {
    Object value =
        reset.options().isEmpty() ? standard : reset.options().getOrDefault(name, standard);
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new IllegalArgumentException(
        "reset option " + name + " is " + value + " but must be a number");
  }

  static double requireProbability(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is " + value + " but must be from 0 to 1");
    }
    return value;
  }

  @Override
  public final boolean savesState() {
    return true;
  }

  @Override
  public final void writeState(DataOutput out) throws IOException {
    out.writeBoolean(started);
    random.writeState(out);
    writeProblem(out);
  }

  @Override
  public final void readState(DataInput in) throws IOException {
    started = in.readBoolean();
    random.readState(in);
    readProblem(in);
  }

  /** Writes the state beside the random numbers. */
  abstract void writeProblem(DataOutput out) throws IOException;

  /** Reads what {@link #writeProblem} wrote. */
  abstract void readProblem(DataInput in) throws IOException;

  @Override
  public double secondsPerStep() {
    return 0.25;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }
}
