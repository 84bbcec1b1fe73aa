package org.mobula.core.environment.box2d;

import java.util.ArrayList;
import java.util.List;
import org.jbox2d.callbacks.ContactImpulse;
import org.jbox2d.callbacks.ContactListener;
import org.jbox2d.callbacks.RayCastCallback;
import org.jbox2d.collision.Manifold;
import org.jbox2d.collision.broadphase.BroadPhase;
import org.jbox2d.collision.broadphase.DynamicTree;
import org.jbox2d.collision.shapes.EdgeShape;
import org.jbox2d.collision.shapes.MassData;
import org.jbox2d.collision.shapes.PolygonShape;
import org.jbox2d.common.Settings;
import org.jbox2d.common.Vec2;
import org.jbox2d.dynamics.Body;
import org.jbox2d.dynamics.BodyDef;
import org.jbox2d.dynamics.BodyType;
import org.jbox2d.dynamics.Fixture;
import org.jbox2d.dynamics.FixtureDef;
import org.jbox2d.dynamics.World;
import org.jbox2d.dynamics.contacts.Contact;
import org.jbox2d.dynamics.joints.RevoluteJointDef;

/**
 * The world of an environment: ground that rests, and parts that touch nothing else. It steps as
 * Gymnasium has Box2D do it. Lengths are metres, angles radians.
 */
final class RigidBodies {
  /** Who hears that a body touches the ground, or that one of its contacts is over. */
  interface Touch {
    /** A contact of a part began, or ended. */
    void changed(Body part, boolean begins);
  }

  private static final float SECONDS = (float) (1 / Box2dEnvironment.FRAMES_PER_SECOND);
  static final int VELOCITY_ITERATIONS = 6 * 30;
  private static final int POSITION_ITERATIONS = 2 * 30;
  private static final int GROUND = 0x0001;

  private final World world;
  private final Vec2 from = new Vec2();
  private final Vec2 to = new Vec2();
  private final NearestGround nearest = new NearestGround();
  private final List<Hinge> hinges = new ArrayList<>();
  private Hinge.Calm calm = new Hinge.Calm();

  /**
   * An empty world.
   *
   * @param gravity upwards, in m/s²
   */
  RigidBodies(double gravity) {
    world = WatchfulWorld.of(gravity);
  }

  /**
   * Begins another episode, with nothing in the world, which is then as if it were new. To make a
   * new one takes as long as some steps.
   */
  void clear(Touch touch) {
    world.setContactListener(null);
    hinges.forEach(Hinge::part);
    hinges.clear();
    while (world.getBodyList() != null) {
      world.destroyBody(world.getBodyList());
    }
    world.getContactManager().m_broadPhase = new BroadPhase(new DynamicTree());
    world.setContactListener(new Listener(touch));
    calm = new Hinge.Calm();
  }

  /** A body that rests where it is, as yet without a shape. */
  Body ground() {
    return world.createBody(new BodyDef());
  }

  /** A line that parts stand on. */
  static void edge(Body ground, double x, double y, double toX, double toY, double friction) {
    EdgeShape edge = new EdgeShape();
    edge.set(new Vec2((float) x, (float) y), new Vec2((float) toX, (float) toY));
    FixtureDef fixture = new FixtureDef();
    fixture.shape = edge;
    fixture.friction = (float) friction;
    ground.createFixture(fixture);
  }

  /** A block of ground. */
  static void block(Body ground, PolygonShape shape, double friction) {
    FixtureDef fixture = new FixtureDef();
    fixture.shape = shape;
    fixture.friction = (float) friction;
    ground.createFixture(fixture);
  }

  /** A part that moves and falls, and touches nothing but the ground. */
  Body part(
      double x,
      double y,
      double angle,
      PolygonShape shape,
      double density,
      double friction,
      int category) {
    BodyDef definition = new BodyDef();
    definition.type = BodyType.DYNAMIC;
    definition.position.set((float) x, (float) y);
    definition.angle = (float) angle;
    Body part = world.createBody(definition);
    FixtureDef fixture = new FixtureDef();
    fixture.shape = shape;
    fixture.density = (float) density;
    fixture.friction = (float) friction;
    fixture.filter.categoryBits = category;
    fixture.filter.maskBits = GROUND;
    part.createFixture(fixture);
    part.setMassData(mass(shape, density));
    return part;
  }

  /** Mass, its centre, and the inertia around the origin; jbox2d's own inertia is not exact. */
  private static MassData mass(PolygonShape shape, double density) {
    double area = 0;
    double inertia = 0;
    double momentX = 0;
    double momentY = 0;
    for (int i = 0; i < shape.m_count; i++) {
      Vec2 here = shape.m_vertices[i];
      Vec2 next = shape.m_vertices[(i + 1) % shape.m_count];
      double x = here.x;
      double y = here.y;
      double cross = x * next.y - y * next.x;
      area += cross / 2;
      momentX += cross * (x + next.x) / 6;
      momentY += cross * (y + next.y) / 6;
      double squares = x * x + x * next.x + next.x * next.x + y * y + y * next.y + next.y * next.y;
      inertia += cross * squares / 12;
    }
    MassData mass = new MassData();
    mass.mass = (float) (density * area);
    mass.center.set((float) (momentX / area), (float) (momentY / area));
    mass.I = (float) (density * inertia);
    return mass;
  }

  Hinge hinge(RevoluteJointDef definition) {
    Hinge hinge = Hinge.join(world, definition, calm);
    hinges.add(hinge);
    return hinge;
  }

  /** A polygon of corners against the clock: x and y of each. */
  static PolygonShape polygon(double... corners) {
    Vec2[] points = new Vec2[corners.length / 2];
    for (int i = 0; i < points.length; i++) {
      points[i] = new Vec2((float) corners[2 * i], (float) corners[2 * i + 1]);
    }
    PolygonShape polygon = new PolygonShape();
    polygon.set(points, points.length);
    return polygon;
  }

  /** A rectangle around its middle. */
  static PolygonShape box(double halfWidth, double halfHeight) {
    PolygonShape box = new PolygonShape();
    box.setAsBox((float) halfWidth, (float) halfHeight);
    return box;
  }

  void step() {
    world.step(SECONDS, VELOCITY_ITERATIONS, POSITION_ITERATIONS);
  }

  /** How far a ray gets before it meets the ground, as a share of its length. */
  float ray(double x, double y, double toX, double toY) {
    from.set((float) x, (float) y);
    to.set((float) toX, (float) toY);
    nearest.fraction = 1;
    world.raycast(nearest, from, to);
    return nearest.fraction;
  }

  /**
   * A world that looks for impacts in the very step in which two parts come near, as Box2D does;
   * jbox2d does so from the next step on, when one may have gone through the other.
   */
  private static final class WatchfulWorld extends World {
    private WatchfulWorld(Vec2 gravity) {
      super(gravity);
    }

    static World of(double gravity) {
      // A table of sines would be quicker, and wrong in the fifth digit. Without it StrictMath is
      // asked, which answers the same everywhere. The switch is the whole JVM's.
      Settings.SINCOS_LUT_ENABLED = false;
      return new WatchfulWorld(new Vec2(0, (float) gravity));
    }

    @Override
    public Contact popContact(Fixture first, int firstIndex, Fixture second, int secondIndex) {
      Contact contact = super.popContact(first, firstIndex, second, secondIndex);
      contact.setEnabled(true);
      return contact;
    }
  }

  private static final class NearestGround implements RayCastCallback {
    private float fraction;

    @Override
    public float reportFixture(Fixture fixture, Vec2 point, Vec2 normal, float fraction) {
      if ((fixture.getFilterData().categoryBits & GROUND) == 0) {
        return -1;
      }
      this.fraction = fraction;
      return fraction;
    }
  }

  private record Listener(Touch touch) implements ContactListener {
    @Override
    public void beginContact(Contact contact) {
      touch.changed(contact.getFixtureA().getBody(), true);
      touch.changed(contact.getFixtureB().getBody(), true);
    }

    @Override
    public void endContact(Contact contact) {
      touch.changed(contact.getFixtureA().getBody(), false);
      touch.changed(contact.getFixtureB().getBody(), false);
    }

    @Override
    public void preSolve(Contact contact, Manifold oldManifold) {}

    @Override
    public void postSolve(Contact contact, ContactImpulse impulse) {}
  }
}
