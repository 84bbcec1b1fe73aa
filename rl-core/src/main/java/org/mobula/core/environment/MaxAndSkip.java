package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Takes each action several times, adds the rewards up, and shows the greater of the last two
 * observations, number by number, since some games draw things in every other picture only (Mnih et
 * al. 2015).
 *
 * <p>As in Gymnasium's {@code AtariPreprocessing}: where the episode ends before the last two
 * observations, those of the steps before stand in for them.
 */
public final class MaxAndSkip extends EnvironmentWrapper {
  private final int skip;
  private final float[] last;
  private final float[] lastButOne;

  /**
   * Repeats the actions in an environment.
   *
   * @param skip how often each action is taken, at least 1; 4 is usual
   */
  public MaxAndSkip(Environment inner, int skip) {
    super(inner);
    if (skip < 1) {
      throw new IllegalArgumentException("MaxAndSkip skip is " + skip + " but must be >= 1");
    }
    this.skip = skip;
    this.last = new float[inner.observationSpace().size()];
    this.lastButOne = new float[last.length];
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, observation);
    System.arraycopy(observation, 0, last, 0, last.length);
    System.arraycopy(observation, 0, lastButOne, 0, last.length);
  }

  @Override
  public void step(float[] action, Step step) {
    double reward = 0;
    for (int i = 0; i < skip && !step.done(); i++) {
      step.clear();
      inner().step(action, step);
      reward += step.reward;
      if (!step.done() && i >= skip - 2) {
        float[] seen = i == skip - 1 ? last : lastButOne;
        System.arraycopy(step.observation, 0, seen, 0, seen.length);
      }
    }
    step.reward = reward;
    if (skip > 1) {
      for (int i = 0; i < last.length; i++) {
        last[i] = Math.max(last[i], lastButOne[i]);
      }
    }
    System.arraycopy(last, 0, step.observation, 0, last.length);
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    for (float[] frame : new float[][] {last, lastButOne}) {
      for (float value : frame) {
        out.writeFloat(value);
      }
    }
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    for (float[] frame : new float[][] {last, lastButOne}) {
      for (int i = 0; i < frame.length; i++) {
        frame[i] = in.readFloat();
      }
    }
  }
}
