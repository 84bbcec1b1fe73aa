package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * Observes how many steps the episode has taken and is over after a number of them; the reward is
 * the action.
 */
final class CountingEnvironment implements Environment {
  private static final Space OBSERVATIONS = Box.of(0, 1000, 1);
  private static final Space ACTIONS = Box.of(-1000, 1000, 1);

  private final int length;
  private final boolean truncates;
  private final int failingStep;
  private int count;
  int closed;

  CountingEnvironment(int length, boolean truncates, int failingStep) {
    this.length = length;
    this.truncates = truncates;
    this.failingStep = failingStep;
  }

  static CountingEnvironment until(int length) {
    return new CountingEnvironment(length, false, -1);
  }

  static CountingEnvironment failingIn(int step) {
    return new CountingEnvironment(100, false, step);
  }

  @Override
  public Space observationSpace() {
    return OBSERVATIONS;
  }

  @Override
  public Space actionSpace() {
    return ACTIONS;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    if (failingStep == 0) {
      throw new IllegalStateException("no start");
    }
    count = 0;
    observation[0] = 0;
  }

  @Override
  public void step(float[] action, Step step) {
    count++;
    if (count == failingStep) {
      throw new IllegalStateException("boom");
    }
    step.observation[0] = count;
    step.reward = action[0];
    step.terminated = !truncates && count >= length;
    step.truncated = truncates && count >= length;
    if (step.done()) {
      step.putInfo("length", count);
    }
  }

  @Override
  public boolean savesState() {
    return true;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    out.writeInt(count);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    count = in.readInt();
  }

  @Override
  public void close() {
    closed++;
  }
}
