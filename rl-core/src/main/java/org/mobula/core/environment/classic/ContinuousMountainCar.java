package org.mobula.core.environment.classic;

import java.awt.Graphics2D;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

/**
 * {@link MountainCar} with a push from -1 to 1 and a price on pushing: the reward is -0.1·push² a
 * step and 100 for reaching 0.45. The physics are Gymnasium's MountainCarContinuous-v0, which keeps
 * its state in single precision.
 */
public final class ContinuousMountainCar extends ClassicControl {
  private static final double POWER = 0.0015;
  private static final double GOAL_POSITION = 0.45;

  private final double goalVelocity;

  /** With the goal reached at any speed to the right. */
  public ContinuousMountainCar() {
    this(0);
  }

  /**
   * With a speed to reach the goal at.
   *
   * @param goalVelocity the least velocity that counts at the goal
   */
  public ContinuousMountainCar(double goalVelocity) {
    super(Valley.observations(), Box.of(-1, 1, 1), 2);
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
    double push = Math.min(Math.max(action[0], -1), 1);
    double velocity =
        Valley.speed(state[1] + (push * POWER - Valley.GRAVITY * Math.cos(3 * state[0])));
    double position = Valley.position(state[0] + velocity);
    if (position == Valley.LEFT && velocity < 0) {
      velocity = 0;
    }
    boolean reached = position >= GOAL_POSITION && velocity >= goalVelocity;
    state[0] = (float) position;
    state[1] = (float) velocity;
    step.terminated = reached;
    step.reward = (reached ? 100 : 0) - 0.1 * ((double) action[0] * action[0]);
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
