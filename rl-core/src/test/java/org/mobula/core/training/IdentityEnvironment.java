package org.mobula.core.training;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * Rewards the agent for doing what it sees: 1 for the same value, or for each number of a box
 * within 0.5 of it, else 0. An episode is 100 steps, so 100 is the best return.
 */
final class IdentityEnvironment implements Environment {
  private static final int STEPS = 100;

  private final Space space;
  private final float[] state;
  private Pcg64 random = new Pcg64(0);
  private int steps;

  IdentityEnvironment(Space space) {
    this.space = space;
    this.state = new float[space.size()];
  }

  @Override
  public Space observationSpace() {
    return space;
  }

  @Override
  public Space actionSpace() {
    return space;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    random = reset.random(random);
    steps = 0;
    draw(observation);
  }

  @Override
  public void step(float[] action, Step step) {
    boolean same = true;
    int i = 0;
    for (Space leaf : space.leaves()) {
      float tolerance = leaf instanceof Box ? 0.5f : 0;
      for (int end = i + leaf.size(); i < end; i++) {
        same &= Math.abs(action[i] - state[i]) <= tolerance;
      }
    }
    step.reward = same ? 1 : 0;
    step.truncated = ++steps == STEPS;
    draw(step.observation);
  }

  private void draw(float[] observation) {
    space.sample(random, state, 0);
    System.arraycopy(state, 0, observation, 0, state.length);
  }
}
