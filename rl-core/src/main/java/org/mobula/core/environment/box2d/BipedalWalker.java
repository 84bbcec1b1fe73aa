package org.mobula.core.environment.box2d;

import java.awt.Graphics2D;
import java.util.ArrayList;
import java.util.List;
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

/**
 * A hull on two legs, each with a hip and a knee, must walk to the end of the ground. The rules are
 * those of Gymnasium's BipedalWalker-v3, with random numbers drawn in its order: the same seed
 * gives the same ground and the same first push, and motions that differ by rounding.
 *
 * <p>Actions are how strongly the motors of hip and knee of one leg and of the other turn, each
 * from -1 to 1 of 80 N·m.
 *
 * <p>Observed: the hull's angle (rad), angular velocity and velocity (scaled), for each leg angle
 * and speed of hip and knee and whether it stands on the ground, and how far the ground is in ten
 * directions, as a share of 5.33 m. Getting forward is rewarded by 300 for the whole way, effort
 * costs; an episode ends by a fall, or behind the start, with -100, or at the end of the ground.
 */
public final class BipedalWalker extends Box2dEnvironment {
  private static final double SCALE = 30;
  private static final double WIDTH = 600 / SCALE;
  private static final double HEIGHT = 400 / SCALE;
  private static final double TORQUE = 80;
  private static final double HIP_SPEED = 4;
  private static final double KNEE_SPEED = 6;
  private static final double LIDAR_RANGE = 160 / SCALE;
  private static final int LIDAR_RAYS = 10;
  private static final double FIRST_PUSH = 5;
  private static final double[] OUTLINE = {
    -30 / SCALE,
    9 / SCALE,
    -30 / SCALE,
    -8 / SCALE,
    34 / SCALE,
    -8 / SCALE,
    34 / SCALE,
    1 / SCALE,
    6 / SCALE,
    9 / SCALE
  };
  private static final double LEG_DOWN = -8 / SCALE;
  private static final double LEG_WIDTH = 8 / SCALE;
  private static final double LEG_HEIGHT = 34 / SCALE;
  private static final double TERRAIN_STEP = 14 / SCALE;
  private static final int TERRAIN_LENGTH = 200;
  private static final double TERRAIN_HEIGHT = HEIGHT / 4;
  private static final int TERRAIN_GRASS = 10;
  private static final int TERRAIN_START = 20;
  private static final double FRICTION = 2.5;
  private static final int PART = 0x0020;

  /** What comes next on the way. */
  private enum Obstacle {
    GRASS,
    STUMP,
    STAIRS,
    PIT;

    private static Obstacle of(long number) {
      return number == 1 ? STUMP : number == 2 ? STAIRS : PIT;
    }
  }

  private final boolean hardcore;
  private final RigidBodies bodies = new RigidBodies(-10);
  private final float[] nothing = new float[4];
  private @Nullable Walk walk;

  /** On ground that is a little uneven. */
  public BipedalWalker() {
    this(false);
  }

  /**
   * On ground of one's own choice.
   *
   * @param hardcore whether there are stumps, stairs and pits
   */
  public BipedalWalker(boolean hardcore) {
    super(observations(), Box.of(-1, 1, 4));
    this.hardcore = hardcore;
  }

  private static Box observations() {
    float pi = (float) Math.PI;
    float[] high = new float[14 + LIDAR_RAYS];
    float[] low = new float[high.length];
    float[] bounds = {pi, 5, 5, 5, pi, 5, pi, 5, 5, pi, 5, pi, 5, 5};
    for (int i = 0; i < high.length; i++) {
      high[i] = i < bounds.length ? bounds[i] : 1;
      low[i] = i == 8 || i == 13 ? 0 : -high[i];
    }
    return Box.of(low, high);
  }

  /** What there is in an episode. */
  private final class Walk implements RigidBodies.Touch {
    private final double[] ground;
    private final List<Body> blocks = new ArrayList<>();
    private final Body hull;
    private final Body[] legs = new Body[4];
    private final Hinge[] joints = new Hinge[4];
    private final boolean[] stands = new boolean[2];
    private boolean fallen;
    private double shaping = Double.NaN;

    private Walk(Pcg64 random) {
      bodies.clear(this);
      ground = ground(random);
      clouds(random);
      double x = TERRAIN_STEP * TERRAIN_START / 2;
      double y = TERRAIN_HEIGHT + 2 * LEG_HEIGHT;
      hull = bodies.part(x, y, 0, RigidBodies.polygon(OUTLINE), 5, 0.1, PART);
      hull.applyForceToCenter(new Vec2((float) random.uniform(-FIRST_PUSH, FIRST_PUSH), 0));
      for (int leg = 0; leg < 2; leg++) {
        int side = 2 * leg - 1;
        double angle = side * 0.05;
        PolygonShape thigh = RigidBodies.box(LEG_WIDTH / 2, LEG_HEIGHT / 2);
        Body upper = bodies.part(x, y - LEG_HEIGHT / 2 - LEG_DOWN, angle, thigh, 1, 0.2, PART);
        legs[2 * leg] = upper;
        joints[2 * leg] = joint(hull, upper, LEG_DOWN, side, -0.8, 1.1);
        PolygonShape shin = RigidBodies.box(0.8 * LEG_WIDTH / 2, LEG_HEIGHT / 2);
        Body lower = bodies.part(x, y - LEG_HEIGHT * 3 / 2 - LEG_DOWN, angle, shin, 1, 0.2, PART);
        legs[2 * leg + 1] = lower;
        joints[2 * leg + 1] = joint(upper, lower, -LEG_HEIGHT / 2, 1, -1.6, -0.1);
      }
    }

    private Hinge joint(
        Body above, Body below, double anchor, double speed, double lower, double upper) {
      RevoluteJointDef joint = new RevoluteJointDef();
      joint.bodyA = above;
      joint.bodyB = below;
      joint.localAnchorA.set(0, (float) anchor);
      joint.localAnchorB.set(0, (float) (LEG_HEIGHT / 2));
      joint.enableMotor = true;
      joint.enableLimit = true;
      joint.maxMotorTorque = (float) TORQUE;
      joint.motorSpeed = (float) speed;
      joint.lowerAngle = (float) lower;
      joint.upperAngle = (float) upper;
      return bodies.hinge(joint);
    }

    /** Draws the heights of the ground, and puts edges and blocks into the world. */
    private double[] ground(Pcg64 random) {
      double[] heights = new double[TERRAIN_LENGTH];
      Obstacle obstacle = Obstacle.GRASS;
      boolean first = false;
      long counter = TERRAIN_START;
      double slope = 0;
      double y = TERRAIN_HEIGHT;
      double before = 0;
      long steps = 0;
      long stepWidth = 0;
      int stepHeight = 0;
      for (int i = 0; i < TERRAIN_LENGTH; i++) {
        double x = i * TERRAIN_STEP;
        if (obstacle == Obstacle.GRASS && !first) {
          slope = 0.8 * slope + 0.01 * Math.signum(TERRAIN_HEIGHT - y);
          if (i > TERRAIN_START) {
            slope += random.uniform(-1, 1) / SCALE;
          }
          y += slope;
        } else if (obstacle == Obstacle.PIT && first) {
          counter = random.integers(3, 5);
          double low = y - 4 * TERRAIN_STEP;
          block(x, low, x + TERRAIN_STEP, y);
          double far = TERRAIN_STEP * counter;
          block(x + far, low, x + TERRAIN_STEP + far, y);
          counter += 2;
          before = y;
        } else if (obstacle == Obstacle.PIT) {
          y = counter > 1 ? before - 4 * TERRAIN_STEP : before;
        } else if (obstacle == Obstacle.STUMP && first) {
          counter = random.integers(1, 3);
          block(x, y, x + counter * TERRAIN_STEP, y + counter * TERRAIN_STEP);
        } else if (obstacle == Obstacle.STAIRS && first) {
          stepHeight = random.nextDouble() > 0.5 ? 1 : -1;
          stepWidth = random.integers(4, 5);
          steps = random.integers(3, 5);
          before = y;
          for (int s = 0; s < steps; s++) {
            double left = x + s * stepWidth * TERRAIN_STEP;
            double right = x + (1 + s) * stepWidth * TERRAIN_STEP;
            block(
                left,
                y + (-1 + s * stepHeight) * TERRAIN_STEP,
                right,
                y + s * stepHeight * TERRAIN_STEP);
          }
          counter = steps * stepWidth;
        } else if (obstacle == Obstacle.STAIRS) {
          double s = steps * stepWidth - counter - stepHeight;
          y = before + s / stepWidth * stepHeight * TERRAIN_STEP;
        }
        first = false;
        heights[i] = y;
        counter--;
        if (counter == 0) {
          counter = random.integers(TERRAIN_GRASS / 2, TERRAIN_GRASS);
          obstacle =
              obstacle == Obstacle.GRASS && hardcore
                  ? Obstacle.of(random.integers(1, 4))
                  : Obstacle.GRASS;
          first = true;
        }
      }
      for (int i = 0; i < TERRAIN_LENGTH - 1; i++) {
        double x = i * TERRAIN_STEP;
        double next = (i + 1) * TERRAIN_STEP;
        RigidBodies.edge(bodies.ground(), x, heights[i], next, heights[i + 1], FRICTION);
      }
      return heights;
    }

    private void block(double left, double bottom, double right, double top) {
      Body block = bodies.ground();
      PolygonShape shape = RigidBodies.polygon(left, bottom, right, bottom, right, top, left, top);
      RigidBodies.block(block, shape, FRICTION);
      blocks.add(block);
    }

    @Override
    public void changed(Body part, boolean begins) {
      fallen |= begins && part == hull;
      for (int leg = 0; leg < 2; leg++) {
        if (part == legs[2 * leg + 1]) {
          // As in Gymnasium: with the end of one contact a leg stands no more, whatever the others.
          stands[leg] = begins;
        }
      }
    }
  }

  /** Takes the random numbers that Gymnasium draws clouds with, which nothing depends on. */
  private static void clouds(Pcg64 random) {
    for (int i = 0; i < TERRAIN_LENGTH / 20 * 11; i++) {
      random.nextDouble();
    }
  }

  @Override
  void begin(Pcg64 random, Step first) {
    walk = new Walk(random);
    act(nothing, random, first);
  }

  private Walk walk() {
    requireReset();
    return Objects.requireNonNull(walk);
  }

  @Override
  void check(float[] action) {
    for (int i = 0; i < 4; i++) {
      requireFinite("action " + i, action[i]);
    }
  }

  @Override
  void act(float[] action, Pcg64 random, Step step) {
    Walk now = Objects.requireNonNull(walk);
    for (int i = 0; i < 4; i++) {
      double speed = i % 2 == 0 ? HIP_SPEED : KNEE_SPEED;
      now.joints[i].turn(speed * Math.signum(action[i]), TORQUE * Math.min(1, Math.abs(action[i])));
    }
    bodies.step();
    observe(now, step.observation);

    double x = now.hull.getPosition().x;
    double shaping = 130 * x / SCALE - 5.0 * Math.abs(now.hull.getAngle());
    double reward = Double.isNaN(now.shaping) ? 0 : shaping - now.shaping;
    now.shaping = shaping;
    for (int i = 0; i < 4; i++) {
      reward -= 0.00035 * TORQUE * Math.min(1, Math.abs(action[i]));
    }
    step.reward = reward;
    if (now.fallen || x < 0) {
      step.reward = -100;
      step.terminated = true;
    }
    if (x > (TERRAIN_LENGTH - TERRAIN_GRASS) * TERRAIN_STEP) {
      step.terminated = true;
    }
  }

  private void observe(Walk now, float[] observation) {
    Body hull = now.hull;
    double x = hull.getPosition().x;
    double y = hull.getPosition().y;
    observation[0] = hull.getAngle();
    observation[1] = (float) (2.0 * hull.getAngularVelocity() / FRAMES_PER_SECOND);
    observation[2] = (float) (0.3 * hull.getLinearVelocity().x * WIDTH / FRAMES_PER_SECOND);
    observation[3] = (float) (0.3 * hull.getLinearVelocity().y * HEIGHT / FRAMES_PER_SECOND);
    for (int leg = 0; leg < 2; leg++) {
      Hinge hip = now.joints[2 * leg];
      Hinge knee = now.joints[2 * leg + 1];
      int at = 4 + 5 * leg;
      observation[at] = hip.angle();
      observation[at + 1] = (float) (hip.speed() / HIP_SPEED);
      observation[at + 2] = (float) (knee.angle() + 1.0);
      observation[at + 3] = (float) (knee.speed() / KNEE_SPEED);
      observation[at + 4] = now.stands[leg] ? 1 : 0;
    }
    for (int i = 0; i < LIDAR_RAYS; i++) {
      double angle = 1.5 * i / LIDAR_RAYS;
      observation[14 + i] =
          bodies.ray(
              x,
              y,
              x + StrictMath.sin(angle) * LIDAR_RANGE,
              y - StrictMath.cos(angle) * LIDAR_RANGE);
    }
  }

  @Override
  public Optional<String> renderText() {
    Walk now = walk();
    double left = now.hull.getPosition().x - WIDTH / 5;
    Characters picture = new Characters(left, left + WIDTH, 0, HEIGHT * 3 / 4);
    for (int i = 0; i < TERRAIN_LENGTH - 1; i++) {
      double x = i * TERRAIN_STEP;
      picture.line(x, now.ground[i], x + TERRAIN_STEP, now.ground[i + 1], '_');
    }
    for (Body block : now.blocks) {
      PolygonShape shape = (PolygonShape) block.getFixtureList().getShape();
      picture.put(shape.m_centroid.x, shape.m_centroid.y, '#');
    }
    for (Body leg : now.legs) {
      picture.put(leg.getWorldCenter().x, leg.getWorldCenter().y, '|');
    }
    picture.put(now.hull.getPosition().x, now.hull.getPosition().y, '@');
    return Optional.of(
        picture
            + String.format(
                Locale.ROOT,
                "at %.1f of %.1f m, angle %+.1f degrees\n",
                now.hull.getPosition().x,
                (TERRAIN_LENGTH - TERRAIN_GRASS) * TERRAIN_STEP,
                Math.toDegrees(now.hull.getAngle())));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    Walk now = walk();
    double middle = now.hull.getPosition().x + WIDTH * 3 / 10;
    Pictures picture = new Pictures(graphics, width, height, middle, HEIGHT / 2, WIDTH, HEIGHT);
    double[] ground = new double[2 * TERRAIN_LENGTH];
    for (int i = 0; i < TERRAIN_LENGTH; i++) {
      ground[2 * i] = i * TERRAIN_STEP;
      ground[2 * i + 1] = now.ground[i];
    }
    picture.ground(ground, -HEIGHT);
    for (Body block : now.blocks) {
      picture.part(block, Pictures.STONE);
    }
    picture.flag(3 * TERRAIN_STEP, TERRAIN_HEIGHT);
    picture.part(now.legs[0], Pictures.DARK);
    picture.part(now.legs[1], Pictures.DARK);
    picture.part(now.hull, Pictures.HULL);
    picture.part(now.legs[2], Pictures.LIGHT);
    picture.part(now.legs[3], Pictures.LIGHT);
    picture.end();
    return true;
  }
}
