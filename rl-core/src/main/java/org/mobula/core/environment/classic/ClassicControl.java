package org.mobula.core.environment.classic;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Space;

/**
 * What the classic problems share: a few double-precision numbers as state, their own random
 * numbers, and the saving of both. Where no reset ever gave a seed, the seed is 0.
 */
abstract class ClassicControl implements Environment {
  private final Space observationSpace;
  private final Space actionSpace;
  private Pcg64 random = new Pcg64(0);

  /** The state of the physics; NaN until the first reset. */
  final double[] state;

  ClassicControl(Space observationSpace, Space actionSpace, int stateSize) {
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.state = new double[stateSize];
    state[0] = Double.NaN;
  }

  @Override
  public final Space observationSpace() {
    return observationSpace;
  }

  @Override
  public final Space actionSpace() {
    return actionSpace;
  }

  @Override
  public final void reset(Reset reset, float[] observation) {
    random = reset.random(random);
    start(reset, random);
    observe(observation);
  }

  /** Draws the first state of an episode. */
  abstract void start(Reset reset, Pcg64 random);

  /** Writes what is seen of the state. */
  abstract void observe(float[] observation);

  /** The whole number in an action, which must be one of {@code 0 … n - 1}. */
  static int choice(float action, int n) {
    int choice = (int) action;
    if (choice != action || choice < 0 || choice >= n) {
      throw new IllegalArgumentException(
          "action is " + action + " but must be a whole number from 0 to " + (n - 1));
    }
    return choice;
  }

  final void requireReset() {
    if (Double.isNaN(state[0])) {
      throw new IllegalStateException("the state is no number: reset before the first step");
    }
  }

  /** A reset option that is a number. */
  static double option(Reset reset, String name, double standard) {
    if (reset.options().isEmpty()) {
      return standard;
    }
    Object value = reset.options().getOrDefault(name, standard);
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new IllegalArgumentException(
        "reset option " + name + " is " + value + " but must be a number");
  }

  /** Draws numbers of the state between the reset options {@code low} and {@code high}. */
  final void drawState(Reset reset, Pcg64 random, double low, double high, int count) {
    double from = option(reset, "low", low);
    double to = option(reset, "high", high);
    if (!(from <= to)) {
      throw new IllegalArgumentException(
          "reset options low and high are " + from + " and " + to + " but low must be <= high");
    }
    for (int i = 0; i < count; i++) {
      state[i] = random.uniform(from, to);
    }
  }

  @Override
  public final boolean savesState() {
    return true;
  }

  @Override
  public final void writeState(DataOutput out) throws IOException {
    for (double value : state) {
      out.writeDouble(value);
    }
    random.writeState(out);
  }

  @Override
  public final void readState(DataInput in) throws IOException {
    for (int i = 0; i < state.length; i++) {
      state[i] = in.readDouble();
    }
    random.readState(in);
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }
}
