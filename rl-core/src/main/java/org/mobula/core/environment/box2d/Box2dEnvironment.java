package org.mobula.core.environment.box2d;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Space;

/**
 * What the worlds of rigid bodies share: their own random numbers, and the saving of their state.
 * Where no reset ever gave a seed, the seed is 0.
 *
 * <p>A world remembers impulses and contacts that nobody can set from outside. Each episode begins
 * with an empty world, so that it depends on nothing but the random numbers at its start and the
 * actions since then: these are what is saved, and reading plays the actions again.
 */
abstract class Box2dEnvironment implements Environment {
  static final double FRAMES_PER_SECOND = 50;

  private final Space observationSpace;
  private final Space actionSpace;
  private Pcg64 random = new Pcg64(0);
  private long[] randomAtStart = random.state();
  private boolean started;
  private float[] actions;
  private int episodeSteps;

  Box2dEnvironment(Space observationSpace, Space actionSpace) {
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.actions = new float[128 * actionSpace.size()];
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
    Step first = new Step(observationSpace);
    start(first);
    System.arraycopy(first.observation, 0, observation, 0, first.observation.length);
  }

  private void start(Step first) {
    randomAtStart = random.state();
    episodeSteps = 0;
    begin(random, first);
    started = true;
  }

  @Override
  public final void step(float[] action, Step step) {
    requireReset();
    check(action);
    int size = actionSpace.size();
    int end = Math.multiplyExact(episodeSteps, size);
    if (end + size > actions.length) {
      actions = Arrays.copyOf(actions, 2 * actions.length);
    }
    System.arraycopy(action, 0, actions, end, size);
    episodeSteps++;
    act(action, random, step);
  }

  /** Fills the world and lets it take its first step, in which nothing is done. */
  abstract void begin(Pcg64 random, Step first);

  /** Refuses what is no action. */
  abstract void check(float[] action);

  /** Takes one step. */
  abstract void act(float[] action, Pcg64 random, Step step);

  final void requireReset() {
    if (!started) {
      throw new IllegalStateException("no episode has begun: reset before the first step");
    }
  }

  static void requireFinite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(name + " is " + value + " but must be finite");
    }
  }

  /** The number, no less than -1 and no more than 1. */
  static double clip(double number) {
    return Math.max(-1, Math.min(1, number));
  }

  @Override
  public final boolean savesState() {
    return true;
  }

  @Override
  public final void writeState(DataOutput out) throws IOException {
    Pcg64 first = new Pcg64(0);
    first.restore(started ? randomAtStart : random.state());
    first.writeState(out);
    out.writeInt(started ? episodeSteps : -1);
    for (int i = 0; i < episodeSteps * actionSpace.size(); i++) {
      out.writeFloat(actions[i]);
    }
  }

  @Override
  public final void readState(DataInput in) throws IOException {
    random.readState(in);
    int steps = in.readInt();
    started = false;
    if (steps >= 0) {
      Step step = new Step(observationSpace);
      start(step);
      float[] action = new float[actionSpace.size()];
      for (int i = 0; i < steps; i++) {
        for (int j = 0; j < action.length; j++) {
          action[j] = in.readFloat();
        }
        step.clear();
        step(action, step);
      }
    }
  }

  @Override
  public final double secondsPerStep() {
    return 1 / FRAMES_PER_SECOND;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }
}
