package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** Truncates every episode after a number of steps. */
public final class TimeLimit extends EnvironmentWrapper {
  private final int maxSteps;
  private int elapsedSteps;

  /**
   * Limits the episodes of an environment.
   *
   * @param maxSteps the step that is truncated, counted from 1
   */
  public TimeLimit(Environment inner, int maxSteps) {
    super(inner);
    if (maxSteps < 1) {
      throw new IllegalArgumentException("a time limit is " + maxSteps + " steps but must be >= 1");
    }
    this.maxSteps = maxSteps;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    elapsedSteps = 0;
    inner().reset(reset, observation);
  }

  @Override
  public void step(float[] action, Step step) {
    inner().step(action, step);
    elapsedSteps++;
    if (elapsedSteps >= maxSteps) {
      step.truncated = true;
    }
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    out.writeInt(elapsedSteps);
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    elapsedSteps = in.readInt();
  }
}
