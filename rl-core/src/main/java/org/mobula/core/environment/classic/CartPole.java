package org.mobula.core.environment.classic;

import java.awt.Graphics2D;
import java.util.Locale;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

/**
 * A pole stands on a cart that is pushed left (action 0) or right (action 1); it must neither fall
 * nor run off the track (Barto, Sutton and Anderson 1983). The physics are Gymnasium's CartPole-v1.
 *
 * <p>Observed: the cart's position (m) and velocity (m/s), the pole's angle (rad, 0 upright) and
 * angular velocity (rad/s). Each step of 0.02 s is rewarded with 1. The episode ends beyond ±2.4 m
 * or ±12°. Reset options {@code low} and {@code high} bound the first state; else ±0.05.
 */
public final class CartPole extends ClassicControl {
  private static final double GRAVITY = 9.8;
  private static final double POLE_MASS = 0.1;
  private static final double TOTAL_MASS = POLE_MASS + 1.0;
  private static final double HALF_LENGTH = 0.5;
  private static final double POLE_MASS_LENGTH = POLE_MASS * HALF_LENGTH;
  private static final double FORCE = 10.0;
  private static final double SECONDS_PER_STEP = 0.02;
  private static final double ANGLE_LIMIT = 12 * 2 * Math.PI / 360;
  private static final double POSITION_LIMIT = 2.4;

  private final boolean suttonBartoReward;
  private final boolean velocities;

  /** With a reward of 1 for each step. */
  public CartPole() {
    this(false);
  }

  /**
   * With a choice of reward.
   *
   * @param suttonBartoReward whether the reward is 0 for each step and -1 for the one that fails
   */
  public CartPole(boolean suttonBartoReward) {
    this(suttonBartoReward, true);
  }

  /**
   * With a choice of reward, and of what is observed.
   *
   * @param suttonBartoReward whether the reward is 0 for each step and -1 for the one that fails
   * @param velocities whether both velocities are observed; without them only the position and the
   *     angle are, and a policy needs a memory
   */
  public CartPole(boolean suttonBartoReward, boolean velocities) {
    super(observations(velocities), new Discrete(2), 4);
    this.suttonBartoReward = suttonBartoReward;
    this.velocities = velocities;
  }

  private static Box observations(boolean velocities) {
    float position = (float) (POSITION_LIMIT * 2);
    float angle = (float) (ANGLE_LIMIT * 2);
    if (!velocities) {
      return Box.of(new float[] {-position, -angle}, new float[] {position, angle});
    }
    float any = Float.POSITIVE_INFINITY;
    return Box.of(
        new float[] {-position, -any, -angle, -any}, new float[] {position, any, angle, any});
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    drawState(reset, random, -0.05, 0.05, 4);
  }

  @Override
  public void step(float[] action, Step step) {
    requireReset();
    double force = choice(action[0], 2) == 1 ? FORCE : -FORCE;
    double x = state[0];
    double velocity = state[1];
    double angle = state[2];
    double angularVelocity = state[3];
    double cosine = Math.cos(angle);
    double sine = Math.sin(angle);
    double push =
        (force + POLE_MASS_LENGTH * (angularVelocity * angularVelocity) * sine) / TOTAL_MASS;
    double angularAcceleration =
        (GRAVITY * sine - cosine * push)
            / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cosine * cosine) / TOTAL_MASS));
    double acceleration = push - POLE_MASS_LENGTH * angularAcceleration * cosine / TOTAL_MASS;
    x += SECONDS_PER_STEP * velocity;
    angle += SECONDS_PER_STEP * angularVelocity;
    state[0] = x;
    state[1] = velocity + SECONDS_PER_STEP * acceleration;
    state[2] = angle;
    state[3] = angularVelocity + SECONDS_PER_STEP * angularAcceleration;
    // Written so that a state that is no number ends the episode, too.
    boolean failed = !(Math.abs(x) <= POSITION_LIMIT && Math.abs(angle) <= ANGLE_LIMIT);
    step.terminated = failed;
    if (suttonBartoReward) {
      step.reward = failed ? -1 : 0;
    } else {
      step.reward = 1;
    }
    observe(step.observation);
  }

  @Override
  void observe(float[] observation) {
    if (!velocities) {
      observation[0] = (float) state[0];
      observation[1] = (float) state[2];
      return;
    }
    observation[0] = (float) state[0];
    observation[1] = (float) state[1];
    observation[2] = (float) state[2];
    observation[3] = (float) state[3];
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    Canvas canvas = new Canvas(-2.6, 2.6, -0.35, 1.25, 61, 11);
    double x = state[0];
    double top = 0.12;
    canvas.line(-2.4, -0.2, 2.4, -0.2, '-');
    canvas.put(-2.4, -0.2, '|');
    canvas.put(2.4, -0.2, '|');
    canvas.line(x, top, x + Math.sin(state[2]), top + Math.cos(state[2]));
    canvas.text(x, top - 0.15, "[=====]");
    canvas.text(x, -0.2, "o---o");
    return Optional.of(
        canvas.toString()
            + String.format(
                Locale.ROOT,
                "position %+.2f m, angle %+.1f degrees\n",
                x,
                Math.toDegrees(state[2])));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Pictures.cartPole(graphics, width, height, state[0], state[2], POSITION_LIMIT);
    return true;
  }

  @Override
  public double secondsPerStep() {
    return SECONDS_PER_STEP;
  }
}
