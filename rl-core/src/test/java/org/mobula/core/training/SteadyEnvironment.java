package org.mobula.core.training;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/** Pays 1 at each step, whatever is done, and cuts episodes off after 8. */
final class SteadyEnvironment implements Environment {
  private int steps;

  @Override
  public Space observationSpace() {
    return Box.of(-1, 1, 1);
  }

  @Override
  public Space actionSpace() {
    return Box.of(-2, 2, 1);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    steps = 0;
    observation[0] = 1;
  }

  @Override
  public void step(float[] action, Step step) {
    step.reward = 1;
    step.truncated = ++steps == 8;
    step.observation[0] = 1;
  }
}
