package org.mobula.core.environment.classic;

import java.awt.Graphics2D;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;

/**
 * A car too weak for the hill must swing to gather speed (Moore 1990): it is pushed left, not, or
 * right (actions 0, 1, 2). The physics are Gymnasium's MountainCar-v0.
 *
 * <p>Observed: position, from -1.2 to 0.6, and velocity, within ±0.07. Each step is rewarded with
 * -1 until the position is 0.5. Reset options {@code low} and {@code high} bound the first
 * position; else -0.6 and -0.4.
 */
public final class MountainCar extends ClassicControl {
  private static final double FORCE = 0.001;
  private static final double GOAL_POSITION = 0.5;

  private final double goalVelocity;

  /** With the goal reached at any speed to the right. */
  public MountainCar() {
    this(0);
  }

  /**
   * With a speed to reach the goal at.
   *
   * @param goalVelocity the least velocity that counts at the goal
   */
  public MountainCar(double goalVelocity) {
    super(Valley.observations(), new Discrete(3), 2);
    this.goalVelocity = goalVelocity;
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    drawState(reset, random, -0.6, -0.4, 1);
    state[1] = 0;
  }

  @Override
  public void step(float[] action, Step step) {
    requireReset();
    double push = (choice(action[0], 3) - 1) * FORCE;
    double velocity = Valley.speed(state[1] + (push + Math.cos(3 * state[0]) * -Valley.GRAVITY));
    double position = Valley.position(state[0] + velocity);
    if (position == Valley.LEFT && velocity < 0) {
      velocity = 0;
    }
    state[0] = position;
    state[1] = velocity;
    step.terminated = position >= GOAL_POSITION && velocity >= goalVelocity;
    step.reward = -1;
    observe(step.observation);
  }

  @Override
  void observe(float[] observation) {
    observation[0] = (float) state[0];
    observation[1] = (float) state[1];
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    return Optional.of(Valley.picture(state[0], state[1], GOAL_POSITION));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Pictures.valley(graphics, width, height, state[0], GOAL_POSITION);
    return true;
  }
}
