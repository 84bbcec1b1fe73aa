package org.mobula.cli;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Throws in its hundredth step, and observes what its space does not hold. */
public final class FailingEnvironment implements Environment {
  private int steps;

  @Override
  public Space observationSpace() {
    return Box.of(0, 1, 1);
  }

  @Override
  public Space actionSpace() {
    return new Discrete(2, 0);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    observation[0] = 2;
  }

  @Override
  public void step(float[] action, Step step) {
    if (++steps == 100) {
      throw new IllegalStateException("the wheel came off");
    }
    step.observation[0] = 2;
    step.truncated = steps % 10 == 0;
  }
}
