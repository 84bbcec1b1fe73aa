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
 * Two links hang from a fixed joint; torque of -1, 0 or 1 N·m (actions 0, 1, 2) on the joint
 * between them must swing the tip one link's length above the fixed joint (Sutton 1996). The
 * physics are Gymnasium's Acrobot-v1, by the book of Sutton and Barto.
 *
 * <p>Observed: cosine and sine of the first link's angle (0 hanging down), of the second's (0 in
 * line with the first), and both angular velocities (rad/s). Each step of 0.2 s is rewarded with
 * -1, the last one with 0. Reset options {@code low} and {@code high} bound the first state; else
 * ±0.1.
 */
public final class Acrobot extends ClassicControl {
  private static final double SECONDS_PER_STEP = 0.2;
  private static final double LENGTH = 1.0;
  private static final double CENTRE = 0.5;
  private static final double MASS = 1.0;
  private static final double INERTIA = 1.0;
  private static final double GRAVITY = 9.8;
  private static final double MAX_VELOCITY_1 = 4 * Math.PI;
  private static final double MAX_VELOCITY_2 = 9 * Math.PI;

  private final double[] k1 = new double[4];
  private final double[] k2 = new double[4];
  private final double[] k3 = new double[4];
  private final double[] k4 = new double[4];

  /** With two links of 1 m and 1 kg. */
  public Acrobot() {
    super(observations(), new Discrete(3), 4);
  }

  private static Box observations() {
    float[] high = {1, 1, 1, 1, (float) MAX_VELOCITY_1, (float) MAX_VELOCITY_2};
    float[] low = new float[high.length];
    for (int i = 0; i < high.length; i++) {
      low[i] = -high[i];
    }
    return Box.of(low, high);
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    drawState(reset, random, -0.1, 0.1, 4);
    for (int i = 0; i < 4; i++) {
      // Gymnasium keeps the first state, and no other, in single precision.
      state[i] = (float) state[i];
    }
  }

  @Override
  public void step(float[] action, Step step) {
    requireReset();
    double torque = choice(action[0], 3) - 1.0;
    integrate(torque);
    state[0] = wrap(state[0]);
    state[1] = wrap(state[1]);
    state[2] = Math.max(-MAX_VELOCITY_1, Math.min(MAX_VELOCITY_1, state[2]));
    state[3] = Math.max(-MAX_VELOCITY_2, Math.min(MAX_VELOCITY_2, state[3]));
    boolean reached = -Math.cos(state[0]) - Math.cos(state[1] + state[0]) > 1.0;
    step.terminated = reached;
    step.reward = reached ? 0 : -1;
    observe(step.observation);
  }

  /** One step of the classical Runge–Kutta method of fourth order. */
  private void integrate(double torque) {
    double half = SECONDS_PER_STEP / 2;
    slope(torque, 0, k1, k1);
    slope(torque, half, k1, k2);
    slope(torque, half, k2, k3);
    slope(torque, SECONDS_PER_STEP, k3, k4);
    for (int i = 0; i < 4; i++) {
      state[i] += SECONDS_PER_STEP / 6.0 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
  }

  /** The derivative at {@code state + seconds · along}. */
  private void slope(double torque, double seconds, double[] along, double[] slope) {
    double angle1 = state[0] + seconds * along[0];
    double angle2 = state[1] + seconds * along[1];
    double velocity1 = state[2] + seconds * along[2];
    double velocity2 = state[3] + seconds * along[3];
    double cosine2 = Math.cos(angle2);
    double sine2 = Math.sin(angle2);
    double d1 =
        MASS * (CENTRE * CENTRE)
            + MASS * (LENGTH * LENGTH + CENTRE * CENTRE + 2 * LENGTH * CENTRE * cosine2)
            + INERTIA
            + INERTIA;
    double d2 = MASS * (CENTRE * CENTRE + LENGTH * CENTRE * cosine2) + INERTIA;
    double phi2 = MASS * CENTRE * GRAVITY * Math.cos(angle1 + angle2 - Math.PI / 2);
    double phi1 =
        -MASS * LENGTH * CENTRE * (velocity2 * velocity2) * sine2
            - 2 * MASS * LENGTH * CENTRE * velocity2 * velocity1 * sine2
            + (MASS * CENTRE + MASS * LENGTH) * GRAVITY * Math.cos(angle1 - Math.PI / 2)
            + phi2;
    double acceleration2 =
        (torque + d2 / d1 * phi1 - MASS * LENGTH * CENTRE * (velocity1 * velocity1) * sine2 - phi2)
            / (MASS * (CENTRE * CENTRE) + INERTIA - d2 * d2 / d1);
    slope[0] = velocity1;
    slope[1] = velocity2;
    slope[2] = -(d2 * acceleration2 + phi1) / d1;
    slope[3] = acceleration2;
  }

  private static double wrap(double angle) {
    double wrapped = angle;
    while (wrapped > Math.PI) {
      wrapped -= 2 * Math.PI;
    }
    while (wrapped < -Math.PI) {
      wrapped += 2 * Math.PI;
    }
    return wrapped;
  }

  @Override
  void observe(float[] observation) {
    observation[0] = (float) Math.cos(state[0]);
    observation[1] = (float) Math.sin(state[0]);
    observation[2] = (float) Math.cos(state[1]);
    observation[3] = (float) Math.sin(state[1]);
    observation[4] = (float) state[2];
    observation[5] = (float) state[3];
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    Canvas canvas = new Canvas(-2.2, 2.2, -2.2, 2.2, 45, 23);
    double elbowX = Math.sin(state[0]);
    double elbowY = -Math.cos(state[0]);
    double tipX = elbowX + Math.sin(state[0] + state[1]);
    double tipY = elbowY - Math.cos(state[0] + state[1]);
    canvas.line(-2.2, 1, 2.2, 1, '.');
    canvas.line(0, 0, elbowX, elbowY);
    canvas.line(elbowX, elbowY, tipX, tipY);
    canvas.put(0, 0, 'O');
    canvas.put(elbowX, elbowY, 'o');
    canvas.put(tipX, tipY, '*');
    return Optional.of(
        canvas + String.format(Locale.ROOT, "tip at %+.2f m, goal above +1.00 m\n", tipY));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Pictures.acrobot(graphics, width, height, state[0], state[1]);
    return true;
  }

  @Override
  public double secondsPerStep() {
    return SECONDS_PER_STEP;
  }
}
