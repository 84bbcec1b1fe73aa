package org.mobula.core.environment.classic;

import java.awt.Graphics2D;
import java.util.Locale;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

/**
 * A pendulum is to be swung up and held upright by a torque from -2 to 2 N·m. The physics are
 * Gymnasium's Pendulum-v1.
 *
 * <p>Observed: cosine and sine of the angle (0 upright) and the angular velocity (rad/s, within
 * ±8). The reward of a step of 0.05 s is {@code -(angle² + 0.1·velocity² + 0.001·torque²)}. The
 * episode never ends of its own. Reset options {@code x_init} and {@code y_init} bound the first
 * angle and velocity; else ±π and ±1.
 */
public final class Pendulum extends ClassicControl {
  private static final double MAX_VELOCITY = 8;
  private static final float MAX_TORQUE = 2;
  private static final double SECONDS_PER_STEP = 0.05;

  /** Where the state keeps the last torque, which only the picture needs. */
  private static final int TORQUE = 2;

  private final double gravity;

  /** With a gravity of 10 m/s². */
  public Pendulum() {
    this(10);
  }

  /**
   * With a gravity of one's own.
   *
   * @param gravity in m/s²
   */
  public Pendulum(double gravity) {
    super(
        Box.of(
            new float[] {-1, -1, (float) -MAX_VELOCITY}, new float[] {1, 1, (float) MAX_VELOCITY}),
        Box.of(-MAX_TORQUE, MAX_TORQUE, 1),
        3);
    if (!Double.isFinite(gravity)) {
      throw new IllegalArgumentException("gravity is " + gravity + " but must be finite");
    }
    this.gravity = gravity;
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    double angle = option(reset, "x_init", Math.PI);
    double velocity = option(reset, "y_init", 1);
    state[0] = random.uniform(-angle, angle);
    state[1] = random.uniform(-velocity, velocity);
    state[TORQUE] = 0;
  }

  @Override
  public void step(float[] action, Step step) {
    requireReset();
    double angle = state[0];
    double velocity = state[1];
    float torque = Math.max(-MAX_TORQUE, Math.min(MAX_TORQUE, action[0]));
    double off = upright(angle);
    // The torque is squared in single precision, as it comes; all else is double: the arithmetic of
    // the recordings. NumPy 2 multiplies the torque in single precision too, which moves some
    // trajectories by a little over 1e-5 in 200 steps.
    double cost = off * off + 0.1 * (velocity * velocity) + 0.001 * (torque * torque);
    velocity += (3 * gravity / 2 * Math.sin(angle) + 3.0 * torque) * SECONDS_PER_STEP;
    velocity = Math.max(-MAX_VELOCITY, Math.min(MAX_VELOCITY, velocity));
    state[0] = angle + velocity * SECONDS_PER_STEP;
    state[1] = velocity;
    state[TORQUE] = torque;
    step.reward = -cost;
    observe(step.observation);
  }

  /** The angle in [-π, π). */
  private static double upright(double angle) {
    double turned = (angle + Math.PI) % (2 * Math.PI);
    return (turned < 0 ? turned + 2 * Math.PI : turned) - Math.PI;
  }

  @Override
  void observe(float[] observation) {
    observation[0] = (float) Math.cos(state[0]);
    observation[1] = (float) Math.sin(state[0]);
    observation[2] = (float) state[1];
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    Canvas canvas = new Canvas(-1.2, 1.2, -1.2, 1.2, 41, 21);
    // The angle grows against the clock, as on Gymnasium's screen.
    double x = -Math.sin(state[0]);
    double y = Math.cos(state[0]);
    canvas.line(0, 0, x, y);
    canvas.put(0, 0, 'O');
    canvas.put(x, y, '@');
    return Optional.of(
        canvas
            + String.format(
                Locale.ROOT,
                "angle %+.1f degrees, velocity %+.2f rad/s, torque %+.2f N m\n",
                Math.toDegrees(upright(state[0])),
                state[1],
                state[TORQUE]));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Pictures.pendulum(graphics, width, height, state[0], state[TORQUE]);
    return true;
  }

  @Override
  public double secondsPerStep() {
    return SECONDS_PER_STEP;
  }
}
