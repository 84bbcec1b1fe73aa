package org.mobula.core.environment.box2d;

import org.jbox2d.common.Settings;
import org.jbox2d.common.Vec2;
import org.jbox2d.dynamics.Body;
import org.jbox2d.dynamics.SolverData;
import org.jbox2d.dynamics.World;
import org.jbox2d.dynamics.contacts.Position;
import org.jbox2d.dynamics.contacts.Velocity;
import org.jbox2d.dynamics.joints.Joint;
import org.jbox2d.dynamics.joints.RevoluteJointDef;

/**
 * A revolute joint with a motor and limits, after Box2D's own (Catto 2007), that ends a step's
 * iterations once they change nothing but the last digits.
 *
 * <p>Gymnasium has each step solved 180 times over, while some eight times are enough in the air;
 * from then on the last bits go to and fro. What goes on changing is a motor that pushes against a
 * limit: its impulse grows from one iteration to the next, and the limit's with it, by the same
 * amount each time. That is made up for at the end. Away from the limits, motor and point are
 * solved at once, which is where all the iterations would lead.
 */
final class Hinge extends Joint {
  /** In m/s and rad/s: two units in the last place at 10 m/s. */
  private static final float ROUNDING = 2e-6f;

  /** In rad/s: a motor that changes less by an iteration does not push. */
  private static final float PUSH = 1e-3f;

  private static final int AT_LOWER = -1;
  private static final int FREE = 0;
  private static final int AT_UPPER = 1;

  /** How many hinges of a world, one after the other, have nothing to do any more. */
  static final class Calm {
    private int hinges;
    private int still;
  }

  private final Joint plain;
  private final Calm calm;
  private final float anchorAX;
  private final float anchorAY;
  private final float anchorBX;
  private final float anchorBY;
  private final float referenceAngle;
  private final float lowerAngle;
  private final float upperAngle;
  private float motorSpeed;
  private float maxMotorTorque;

  // What the last step left, where this one begins.
  private float impulseX;
  private float impulseY;
  private float limitImpulse;
  private float motorImpulse;
  private int limit;

  // Of the present step: arms from the centres of mass, and the inverses of the effective masses.
  private float armAX;
  private float armAY;
  private float armBX;
  private float armBY;
  private float point11;
  private float point12;
  private float point22;
  private float whole11;
  private float whole12;
  private float whole13;
  private float whole22;
  private float whole23;
  private float whole33;
  private float coupling1;
  private float coupling2;
  private float motorMass;

  // Of the last iteration: what it left.
  private int iterations;
  private int solved;
  private boolean settled;
  private float motorChange;
  private float limitChange;
  private float velocityAX;
  private float velocityAY;
  private float angularVelocityA;
  private float velocityBX;
  private float velocityBY;
  private float angularVelocityB;

  private Hinge(World world, RevoluteJointDef definition, Joint plain, Calm calm) {
    super(world.getPool(), definition);
    this.plain = plain;
    this.calm = calm;
    calm.hinges++;
    anchorAX = definition.localAnchorA.x;
    anchorAY = definition.localAnchorA.y;
    anchorBX = definition.localAnchorB.x;
    anchorBY = definition.localAnchorB.y;
    referenceAngle = m_bodyB.getAngle() - m_bodyA.getAngle();
    lowerAngle = definition.lowerAngle;
    upperAngle = definition.upperAngle;
    motorSpeed = definition.motorSpeed;
    maxMotorTorque = definition.maxMotorTorque;
  }

  /**
   * Joins two bodies. jbox2d makes joints of its own classes only; this one takes the place of such
   * a joint between the bodies, and stands behind it in the world's list.
   */
  static Hinge join(World world, RevoluteJointDef definition, Calm calm) {
    Joint plain = world.createJoint(definition);
    Hinge hinge = new Hinge(world, definition, plain, calm);
    plain.m_edgeA.joint = hinge;
    plain.m_edgeB.joint = hinge;
    hinge.m_prev = plain;
    hinge.m_next = plain.m_next;
    if (hinge.m_next != null) {
      hinge.m_next.m_prev = hinge;
    }
    plain.m_next = hinge;
    return hinge;
  }

  /** Gives its place back to the joint of jbox2d's own. */
  void part() {
    plain.m_edgeA.joint = plain;
    plain.m_edgeB.joint = plain;
    plain.m_next = m_next;
    if (m_next != null) {
      m_next.m_prev = plain;
    }
  }

  /** Has the motor turn, with no more than a torque (N·m). */
  void turn(double speed, double torque) {
    m_bodyA.setAwake(true);
    m_bodyB.setAwake(true);
    motorSpeed = (float) speed;
    maxMotorTorque = (float) torque;
  }

  /** Of the second body relative to the first, from where they were joined. */
  float angle() {
    return m_bodyB.getAngle() - m_bodyA.getAngle() - referenceAngle;
  }

  float speed() {
    return m_bodyB.getAngularVelocity() - m_bodyA.getAngularVelocity();
  }

  @Override
  public void initVelocityConstraints(SolverData data) {
    calm.still = 0;
    iterations = 0;
    solved = 0;
    settled = false;
    Velocity a = data.velocities[m_bodyA.m_islandIndex];
    Velocity b = data.velocities[m_bodyB.m_islandIndex];
    float angleA = data.positions[m_bodyA.m_islandIndex].a;
    float angleB = data.positions[m_bodyB.m_islandIndex].a;
    turnArms(angleA, angleB);
    float massA = m_bodyA.m_invMass;
    float massB = m_bodyB.m_invMass;
    float inertiaA = m_bodyA.m_invI;
    float inertiaB = m_bodyB.m_invI;
    weigh(massA + massB, inertiaA, inertiaB);

    int state = FREE;
    float angle = angleB - angleA - referenceAngle;
    if (angle <= lowerAngle) {
      state = AT_LOWER;
    } else if (angle >= upperAngle) {
      state = AT_UPPER;
    }
    if (state == FREE || state != limit) {
      limitImpulse = 0;
    }
    limit = state;

    // Begins with the impulses of the last step.
    impulseX *= data.step.dtRatio;
    impulseY *= data.step.dtRatio;
    motorImpulse *= data.step.dtRatio;
    float turn = motorImpulse + limitImpulse;
    a.v.x -= massA * impulseX;
    a.v.y -= massA * impulseY;
    a.w -= inertiaA * (armAX * impulseY - armAY * impulseX + turn);
    b.v.x += massB * impulseX;
    b.v.y += massB * impulseY;
    b.w += inertiaB * (armBX * impulseY - armBY * impulseX + turn);
  }

  private void turnArms(float angleA, float angleB) {
    float sineA = (float) StrictMath.sin(angleA);
    float cosineA = (float) StrictMath.cos(angleA);
    float sineB = (float) StrictMath.sin(angleB);
    float cosineB = (float) StrictMath.cos(angleB);
    Vec2 centreA = m_bodyA.m_sweep.localCenter;
    Vec2 centreB = m_bodyB.m_sweep.localCenter;
    armAX = cosineA * (anchorAX - centreA.x) - sineA * (anchorAY - centreA.y);
    armAY = sineA * (anchorAX - centreA.x) + cosineA * (anchorAY - centreA.y);
    armBX = cosineB * (anchorBX - centreB.x) - sineB * (anchorBY - centreB.y);
    armBY = sineB * (anchorBX - centreB.x) + cosineB * (anchorBY - centreB.y);
  }

  /** Inverts the effective masses: of the point alone, and of the point and the angle. */
  private void weigh(float mass, float inertiaA, float inertiaB) {
    float k11 = mass + armAY * armAY * inertiaA + armBY * armBY * inertiaB;
    float k12 = -armAY * armAX * inertiaA - armBY * armBX * inertiaB;
    float k13 = -armAY * inertiaA - armBY * inertiaB;
    float k22 = mass + armAX * armAX * inertiaA + armBX * armBX * inertiaB;
    float k23 = armAX * inertiaA + armBX * inertiaB;
    float k33 = inertiaA + inertiaB;
    coupling1 = k13;
    coupling2 = k23;
    motorMass = 1 / k33;
    float point = 1 / (k11 * k22 - k12 * k12);
    point11 = point * k22;
    point12 = -point * k12;
    point22 = point * k11;
    float c1 = k22 * k33 - k23 * k23;
    float c2 = k23 * k13 - k12 * k33;
    float c3 = k12 * k23 - k22 * k13;
    float whole = 1 / (k11 * c1 + k12 * c2 + k13 * c3);
    whole11 = whole * c1;
    whole12 = whole * c2;
    whole13 = whole * c3;
    whole22 = whole * (k11 * k33 - k13 * k13);
    whole23 = whole * (k12 * k13 - k11 * k23);
    whole33 = whole * (k11 * k22 - k12 * k12);
  }

  @Override
  public void solveVelocityConstraints(SolverData data) {
    iterations++;
    Velocity a = data.velocities[m_bodyA.m_islandIndex];
    Velocity b = data.velocities[m_bodyB.m_islandIndex];
    boolean asLeft = isAsLeft(a, b);
    if (!settled || !asLeft) {
      solve(a, b, data.step.dt);
    }
    calm.still = settled && asLeft ? calm.still + 1 : 0;
    if (calm.still >= calm.hinges) {
      // Each hinge has found what it had left, so that contacts have nothing to do either.
      data.step.velocityIterations = 0;
    }
  }

  private void solve(Velocity a, Velocity b, float seconds) {
    keep(a, b);
    float massA = m_bodyA.m_invMass;
    float massB = m_bodyB.m_invMass;
    float inertiaA = m_bodyA.m_invI;
    float inertiaB = m_bodyB.m_invI;
    float turnA = a.w;
    float turnB = b.w;

    float maxImpulse = seconds * maxMotorTorque;
    float x;
    float y;
    float z;
    if (limit == FREE) {
      // Motor and point at once: one after the other they would need all the iterations.
      float errorX = b.v.x - turnB * armBY - a.v.x + turnA * armAY;
      float errorY = b.v.y + turnB * armBX - a.v.y - turnA * armAX;
      float error = turnB - turnA - motorSpeed;
      x = -(whole11 * errorX + whole12 * errorY + whole13 * error);
      y = -(whole12 * errorX + whole22 * errorY + whole23 * error);
      z = -(whole13 * errorX + whole23 * errorY + whole33 * error);
      if (Math.abs(motorImpulse + z) > maxImpulse) {
        z = Math.copySign(maxImpulse, motorImpulse + z) - motorImpulse;
        x = -(point11 * (errorX + coupling1 * z) + point12 * (errorY + coupling2 * z));
        y = -(point12 * (errorX + coupling1 * z) + point22 * (errorY + coupling2 * z));
      }
      motorImpulse += z;
      motorChange = z;
      limitChange = 0;
    } else {
      float motor =
          Math.max(
              -maxImpulse,
              Math.min(maxImpulse, motorImpulse - motorMass * (turnB - turnA - motorSpeed)));
      motorChange = motor - motorImpulse;
      motorImpulse = motor;
      turnA -= inertiaA * motorChange;
      turnB += inertiaB * motorChange;
      float errorX = b.v.x - turnB * armBY - a.v.x + turnA * armAY;
      float errorY = b.v.y + turnB * armBX - a.v.y - turnA * armAX;
      float error = turnB - turnA;
      x = -(whole11 * errorX + whole12 * errorY + whole13 * error);
      y = -(whole12 * errorX + whole22 * errorY + whole23 * error);
      z = -(whole13 * errorX + whole23 * errorY + whole33 * error);
      float sum = limitImpulse + z;
      if (limit == AT_LOWER ? sum < 0 : sum > 0) {
        // The limit does not hold the bodies together: it lets go, and the point alone is solved.
        float restX = coupling1 * limitImpulse - errorX;
        float restY = coupling2 * limitImpulse - errorY;
        x = point11 * restX + point12 * restY;
        y = point12 * restX + point22 * restY;
        z = -limitImpulse;
      }
      limitImpulse += z;
      limitChange = z;
    }
    impulseX += x;
    impulseY += y;
    a.v.x -= massA * x;
    a.v.y -= massA * y;
    a.w = turnA - inertiaA * (armAX * y - armAY * x + z);
    b.v.x += massB * x;
    b.v.y += massB * y;
    b.w = turnB + inertiaB * (armBX * y - armBY * x + z);

    solved = iterations;
    settled = isAsLeft(a, b) && (!motorPushes() || limitImpulse * limitChange > 0);
    keep(a, b);
  }

  /** Whether the motor pushed against the limit in the last iteration, by more than rounding. */
  private boolean motorPushes() {
    return limit != FREE && Math.abs(motorChange) > PUSH * motorMass;
  }

  private void keep(Velocity a, Velocity b) {
    velocityAX = a.v.x;
    velocityAY = a.v.y;
    angularVelocityA = a.w;
    velocityBX = b.v.x;
    velocityBY = b.v.y;
    angularVelocityB = b.w;
  }

  private boolean isAsLeft(Velocity a, Velocity b) {
    return Math.abs(a.v.x - velocityAX) <= ROUNDING
        && Math.abs(a.v.y - velocityAY) <= ROUNDING
        && Math.abs(a.w - angularVelocityA) <= ROUNDING
        && Math.abs(b.v.x - velocityBX) <= ROUNDING
        && Math.abs(b.v.y - velocityBY) <= ROUNDING
        && Math.abs(b.w - angularVelocityB) <= ROUNDING;
  }

  /** Makes up for the iterations that were left out. */
  private void finish(SolverData data) {
    int left = RigidBodies.VELOCITY_ITERATIONS - solved;
    if (settled && left > 0 && motorPushes()) {
      float maxImpulse = data.step.dt * maxMotorTorque;
      float motor = Math.max(-maxImpulse, Math.min(maxImpulse, motorImpulse + left * motorChange));
      limitImpulse += limitChange / motorChange * (motor - motorImpulse);
      motorImpulse = motor;
    }
    settled = false;
    data.step.velocityIterations = RigidBodies.VELOCITY_ITERATIONS;
  }

  @Override
  public boolean solvePositionConstraints(SolverData data) {
    finish(data);
    Position a = data.positions[m_bodyA.m_islandIndex];
    Position b = data.positions[m_bodyB.m_islandIndex];
    float massA = m_bodyA.m_invMass;
    float massB = m_bodyB.m_invMass;
    float inertiaA = m_bodyA.m_invI;
    float inertiaB = m_bodyB.m_invI;
    float angularError = 0;
    if (limit != FREE) {
      float angle = b.a - a.a - referenceAngle;
      float beyond = angle - (limit == AT_LOWER ? lowerAngle : upperAngle);
      angularError = limit * beyond;
      // Allows for some slop, and corrects no large angle at once.
      float correction =
          limit == AT_LOWER
              ? Math.max(-Settings.maxAngularCorrection, Math.min(0, beyond + Settings.angularSlop))
              : Math.max(0, Math.min(Settings.maxAngularCorrection, beyond - Settings.angularSlop));
      float impulse = -motorMass * correction;
      a.a -= inertiaA * impulse;
      b.a += inertiaB * impulse;
    }
    turnArms(a.a, b.a);
    float errorX = b.c.x + armBX - a.c.x - armAX;
    float errorY = b.c.y + armBY - a.c.y - armAY;
    float k11 = massA + massB + inertiaA * armAY * armAY + inertiaB * armBY * armBY;
    float k12 = -inertiaA * armAX * armAY - inertiaB * armBX * armBY;
    float k22 = massA + massB + inertiaA * armAX * armAX + inertiaB * armBX * armBX;
    float point = 1 / (k11 * k22 - k12 * k12);
    float x = -point * (k22 * errorX - k12 * errorY);
    float y = -point * (k11 * errorY - k12 * errorX);
    a.c.x -= massA * x;
    a.c.y -= massA * y;
    a.a -= inertiaA * (armAX * y - armAY * x);
    b.c.x += massB * x;
    b.c.y += massB * y;
    b.a += inertiaB * (armBX * y - armBY * x);
    return (float) Math.sqrt(errorX * errorX + errorY * errorY) <= Settings.linearSlop
        && angularError <= Settings.angularSlop;
  }

  @Override
  public void getAnchorA(Vec2 out) {
    anchor(m_bodyA, anchorAX, anchorAY, out);
  }

  @Override
  public void getAnchorB(Vec2 out) {
    anchor(m_bodyB, anchorBX, anchorBY, out);
  }

  private static void anchor(Body body, float x, float y, Vec2 out) {
    out.set(x, y);
    body.getWorldPointToOut(out, out);
  }

  @Override
  public void getReactionForce(float perSecond, Vec2 out) {
    out.set(perSecond * impulseX, perSecond * impulseY);
  }

  @Override
  public float getReactionTorque(float perSecond) {
    return perSecond * limitImpulse;
  }
}
