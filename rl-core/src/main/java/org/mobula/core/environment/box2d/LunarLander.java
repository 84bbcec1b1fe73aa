package org.mobula.core.environment.box2d;

import java.awt.Graphics2D;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jbox2d.collision.shapes.PolygonShape;
import org.jbox2d.common.Vec2;
import org.jbox2d.dynamics.Body;
import org.jbox2d.dynamics.joints.RevoluteJointDef;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

/**
 * A lander with two legs must come to rest between two flags. The rules are those of Gymnasium's
 * LunarLander-v3, with random numbers drawn in its order: the same seed gives the same ground and
 * the same first push, and motions that differ by little.
 *
 * <p>Actions: 0 nothing, 1 left engine, 2 main engine, 3 right engine; or with a throttle two
 * numbers from -1 to 1: the main engine runs above 0, from half to full power, and a side engine
 * where the second is beyond ±0.5, the left one below.
 *
 * <p>Observed: place relative to the middle of the pad (in half widths and heights of the picture),
 * velocity (scaled likewise), angle (rad) and angular velocity (in 2.5 rad/s), and for each leg
 * whether it stands on the ground. Coming nearer, slower and more upright is rewarded, ground under
 * a leg by 10, fuel costs 0.3 a step of the main engine and 0.03 of the others; an episode ends by
 * a crash or outside of the picture with -100, or at rest with 100.
 */
public final class LunarLander extends Box2dEnvironment {
  private static final double SCALE = 30;
  private static final double WIDTH = 600 / SCALE;
  private static final double HEIGHT = 400 / SCALE;
  private static final double PAD = HEIGHT / 4;
  private static final int CHUNKS = 11;
  private static final double FIRST_PUSH = 1000;
  private static final double[] OUTLINE = {
    -14 / SCALE, 17 / SCALE, -17 / SCALE, 0 / SCALE, -17 / SCALE, -10 / SCALE,
    17 / SCALE, -10 / SCALE, 17 / SCALE, 0 / SCALE, 14 / SCALE, 17 / SCALE
  };
  private static final double LEG_AWAY = 20 / SCALE;
  private static final double LEG_DOWN = 18 / SCALE;
  private static final double LEG_HALF_WIDTH = 2 / SCALE;
  private static final double LEG_HALF_HEIGHT = 8 / SCALE;
  private static final float LEG_TORQUE = 40;
  private static final double MAIN_ENGINE_POWER = 13;
  private static final double MAIN_ENGINE_Y = 4 / SCALE;
  private static final double SIDE_ENGINE_POWER = 0.6;
  private static final double SIDE_ENGINE_AWAY = 12 / SCALE;
  private static final double SIDE_ENGINE_HEIGHT = 14 / SCALE;
  // Gymnasium's, where the height was probably meant.
  private static final double SIDE_ENGINE_X = 17 / SCALE;

  private final LunarLanderRules rules;
  private final RigidBodies bodies;
  private final float[] nothing;
  private final Vec2 force = new Vec2();
  private final Vec2 place = new Vec2();
  private @Nullable Landing landing;

  /** With engines that are off or on, and without wind. */
  public LunarLander() {
    this(LunarLanderRules.defaults());
  }

  /** By rules of one's own. */
  public LunarLander(LunarLanderRules rules) {
    super(observations(), rules.continuous() ? Box.of(-1, 1, 2) : new Discrete(4));
    this.rules = rules;
    this.bodies = new RigidBodies(rules.gravity());
    this.nothing = new float[actionSpace().size()];
  }

  private static Box observations() {
    float turn = (float) (2 * Math.PI);
    return Box.of(
        new float[] {-2.5f, -2.5f, -10, -10, -turn, -10, 0, 0},
        new float[] {2.5f, 2.5f, 10, 10, turn, 10, 1, 1});
  }

  /** What there is in an episode. */
  private final class Landing implements RigidBodies.Touch {
    private final double[] ground;
    private final Body lander;
    private final Body[] legs = new Body[2];
    private final boolean[] stands = new boolean[2];
    private boolean crashed;
    private double shaping = Double.NaN;
    private long wind;
    private long turbulence;

    private Landing(Pcg64 random) {
      bodies.clear(this);
      ground = ground(random);
      Body moon = bodies.ground();
      RigidBodies.edge(moon, 0, 0, WIDTH, 0, 0.2);
      for (int i = 0; i < CHUNKS - 1; i++) {
        RigidBodies.edge(moon, chunk(i), ground[i], chunk(i + 1), ground[i + 1], 0.1);
      }
      PolygonShape hull = RigidBodies.polygon(OUTLINE);
      lander = bodies.part(WIDTH / 2, HEIGHT, 0, hull, 5, 0.1, 0x0010);
      float pushX = (float) random.uniform(-FIRST_PUSH, FIRST_PUSH);
      float pushY = (float) random.uniform(-FIRST_PUSH, FIRST_PUSH);
      lander.applyForceToCenter(new Vec2(pushX, pushY));
      if (rules.enableWind()) {
        wind = random.integers(-9999, 9999);
        turbulence = random.integers(-9999, 9999);
      }
      for (int leg = 0; leg < 2; leg++) {
        legs[leg] = leg(2 * leg - 1);
      }
    }

    private Body leg(int side) {
      PolygonShape shape = RigidBodies.box(LEG_HALF_WIDTH, LEG_HALF_HEIGHT);
      Body leg =
          bodies.part(WIDTH / 2 - side * LEG_AWAY, HEIGHT, side * 0.05, shape, 1, 0.2, 0x0020);
      RevoluteJointDef hinge = new RevoluteJointDef();
      hinge.bodyA = lander;
      hinge.bodyB = leg;
      hinge.localAnchorB.set((float) (side * LEG_AWAY), (float) LEG_DOWN);
      hinge.enableMotor = true;
      hinge.enableLimit = true;
      hinge.maxMotorTorque = LEG_TORQUE;
      hinge.motorSpeed = (float) (0.3 * side);
      hinge.lowerAngle = (float) (side < 0 ? 0.9 - 0.5 : -0.9);
      hinge.upperAngle = (float) (side < 0 ? 0.9 : -0.9 + 0.5);
      bodies.hinge(hinge);
      return leg;
    }

    @Override
    public void changed(Body part, boolean begins) {
      crashed |= begins && part == lander;
      for (int leg = 0; leg < 2; leg++) {
        if (part == legs[leg]) {
          // As in Gymnasium: with the end of one contact a leg stands no more, whatever the others.
          stands[leg] = begins;
        }
      }
    }
  }

  private static double chunk(int i) {
    return WIDTH / (CHUNKS - 1) * i;
  }

  /** Heights of the ground, at points that are equally far apart; level around the pad. */
  private static double[] ground(Pcg64 random) {
    double[] heights = new double[CHUNKS + 1];
    for (int i = 0; i < heights.length; i++) {
      heights[i] = random.uniform(0, HEIGHT / 2);
    }
    for (int i = CHUNKS / 2 - 2; i <= CHUNKS / 2 + 2; i++) {
      heights[i] = PAD;
    }
    double[] ground = new double[CHUNKS];
    for (int i = 0; i < CHUNKS; i++) {
      double before = heights[i == 0 ? CHUNKS : i - 1];
      ground[i] = 0.33 * (before + heights[i] + heights[i + 1]);
    }
    return ground;
  }

  @Override
  void begin(Pcg64 random, Step first) {
    landing = new Landing(random);
    act(nothing, random, first);
  }

  private Landing landing() {
    requireReset();
    return Objects.requireNonNull(landing);
  }

  @Override
  void check(float[] action) {
    if (!rules.continuous()) {
      int choice = (int) action[0];
      if (choice != action[0] || choice < 0 || choice > 3) {
        throw new IllegalArgumentException(
            "action is " + action[0] + " but must be a whole number from 0 to 3");
      }
    }
  }

  @Override
  void act(float[] action, Pcg64 random, Step step) {
    Landing now = Objects.requireNonNull(landing);
    Body lander = now.lander;
    if (rules.enableWind() && !(now.stands[0] || now.stands[1])) {
      blow(now);
    }
    double sine = StrictMath.sin(lander.getAngle());
    double cosine = StrictMath.cos(lander.getAngle());
    double along = random.uniform(-1, 1) / SCALE;
    double across = random.uniform(-1, 1) / SCALE;

    double main;
    double side;
    double direction;
    if (rules.continuous()) {
      double throttle = clip(action[0]);
      double turn = clip(action[1]);
      main = throttle > 0 ? (throttle + 1) * 0.5 : 0;
      side = Math.abs(turn) > 0.5 ? Math.abs(turn) : 0;
      direction = Math.signum(turn);
    } else {
      main = action[0] == 2 ? 1 : 0;
      side = action[0] == 1 || action[0] == 3 ? 1 : 0;
      direction = action[0] - 2;
    }
    if (main > 0) {
      double down = MAIN_ENGINE_Y + 2 * along;
      double x = sine * down + -cosine * across;
      double y = -cosine * down - sine * across;
      double power = MAIN_ENGINE_POWER;
      push(lander, x, y, x, y, power, main);
    }
    if (side > 0) {
      double away = 3 * across + direction * SIDE_ENGINE_AWAY;
      double x = sine * along + -cosine * away;
      double y = -cosine * along - sine * away;
      push(
          lander,
          x,
          y,
          x - sine * SIDE_ENGINE_X,
          y + cosine * SIDE_ENGINE_HEIGHT,
          SIDE_ENGINE_POWER,
          side);
    }
    bodies.step();
    observe(now, main, side, step);
  }

  /** Fires against a direction, from a place relative to the lander's. */
  private void push(
      Body lander, double x, double y, double fromX, double fromY, double power, double throttle) {
    force.set((float) (-x * power * throttle), (float) (-y * power * throttle));
    place.set((float) (lander.getPosition().x + fromX), (float) (lander.getPosition().y + fromY));
    lander.applyLinearImpulse(force, place);
  }

  private void blow(Landing now) {
    force.set((float) (gust(now.wind++) * rules.windPower()), 0);
    now.lander.applyForceToCenter(force);
    now.lander.applyTorque((float) (gust(now.turbulence++) * rules.turbulencePower()));
  }

  /** Between -1 and 1, without a period. */
  private static double gust(long index) {
    return StrictMath.tanh(StrictMath.sin(0.02 * index) + StrictMath.sin(Math.PI * 0.01 * index));
  }

  private static void observe(Landing now, double main, double side, Step step) {
    Body lander = now.lander;
    double x = (lander.getPosition().x - WIDTH / 2) / (WIDTH / 2);
    double y = (lander.getPosition().y - (PAD + LEG_DOWN)) / (HEIGHT / 2);
    double velocityX = lander.getLinearVelocity().x * (WIDTH / 2) / FRAMES_PER_SECOND;
    double velocityY = lander.getLinearVelocity().y * (HEIGHT / 2) / FRAMES_PER_SECOND;
    double angle = lander.getAngle();
    double left = now.stands[0] ? 1 : 0;
    double right = now.stands[1] ? 1 : 0;
    float[] observation = step.observation;
    observation[0] = (float) x;
    observation[1] = (float) y;
    observation[2] = (float) velocityX;
    observation[3] = (float) velocityY;
    observation[4] = (float) angle;
    observation[5] = (float) (20.0 * lander.getAngularVelocity() / FRAMES_PER_SECOND);
    observation[6] = (float) left;
    observation[7] = (float) right;

    double shaping =
        -100 * Math.sqrt(x * x + y * y)
            - 100 * Math.sqrt(velocityX * velocityX + velocityY * velocityY)
            - 100 * Math.abs(angle)
            + 10 * left
            + 10 * right;
    double reward = Double.isNaN(now.shaping) ? 0 : shaping - now.shaping;
    now.shaping = shaping;
    step.reward = reward - main * 0.30 - side * 0.03;
    if (now.crashed || Math.abs(x) >= 1) {
      step.terminated = true;
      step.reward = -100;
    }
    if (!lander.isAwake()) {
      step.terminated = true;
      step.reward = 100;
    }
  }

  @Override
  public Optional<String> renderText() {
    Landing now = landing();
    Characters picture = new Characters(0, WIDTH, 0, HEIGHT);
    for (int i = 0; i < CHUNKS - 1; i++) {
      picture.line(chunk(i), now.ground[i], chunk(i + 1), now.ground[i + 1], '_');
    }
    picture.put(chunk(CHUNKS / 2 - 1), PAD + 0.7, 'P');
    picture.put(chunk(CHUNKS / 2 + 1), PAD + 0.7, 'P');
    for (Body leg : now.legs) {
      picture.put(leg.getWorldCenter().x, leg.getWorldCenter().y, '!');
    }
    picture.put(now.lander.getPosition().x, now.lander.getPosition().y, 'A');
    return Optional.of(
        picture
            + String.format(
                Locale.ROOT,
                "velocity %+.2f and %+.2f m/s, angle %+.1f degrees\n",
                now.lander.getLinearVelocity().x,
                now.lander.getLinearVelocity().y,
                Math.toDegrees(now.lander.getAngle())));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    Landing now = landing();
    Pictures picture = new Pictures(graphics, width, height, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT);
    double[] ground = new double[2 * CHUNKS];
    for (int i = 0; i < CHUNKS; i++) {
      ground[2 * i] = chunk(i);
      ground[2 * i + 1] = now.ground[i];
    }
    picture.ground(ground, -HEIGHT);
    picture.flag(chunk(CHUNKS / 2 - 1), PAD);
    picture.flag(chunk(CHUNKS / 2 + 1), PAD);
    picture.part(now.legs[0], Pictures.DARK);
    picture.part(now.legs[1], Pictures.DARK);
    picture.part(now.lander, Pictures.HULL);
    picture.end();
    return true;
  }
}
