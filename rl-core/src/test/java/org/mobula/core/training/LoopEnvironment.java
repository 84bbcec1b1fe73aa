package org.mobula.core.training;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Four states in a ring, reward 1 at each step, for ever, but cut off after eight steps. */
final class LoopEnvironment implements Environment {
  private int steps;

  @Override
  public Space observationSpace() {
    return Box.of(0, 1, 4);
  }

  @Override
  public Space actionSpace() {
    return new Discrete(2);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    steps = 0;
    observe(observation);
  }

  @Override
  public void step(float[] action, Step step) {
    steps++;
    step.reward = 1;
    step.truncated = steps == 8;
    observe(step.observation);
  }

  private void observe(float[] observation) {
    for (int i = 0; i < 4; i++) {
      observation[i] = i == steps % 4 ? 1 : 0;
    }
  }
}
