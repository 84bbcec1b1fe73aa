package org.mobula.core.environment.classic;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.geom.Arc2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.RoundRectangle2D;

/**
 * Draws the classic problems in their own units, y upwards. Apart from them, so that nothing of
 * {@code java.awt} is loaded unless somebody looks.
 */
final class Pictures {
  private static final Color INK = new Color(0x2b, 0x2f, 0x36);
  private static final Color GROUND = new Color(0x8a, 0x93, 0x9e);
  private static final Color WOOD = new Color(0xc9, 0x96, 0x5b);
  private static final Color RED = new Color(0xc8, 0x4b, 0x4b);
  private static final Color BLUE = new Color(0x3f, 0x7c, 0xbf);
  private static final Color YELLOW = new Color(0xe3, 0xb5, 0x3a);
  private static final Color HILL = new Color(0xdc, 0xe6, 0xd8);

  private Pictures() {}

  /** Puts a point in the middle, y upwards; the world's size just fits in. */
  private static Graphics2D world(
      Graphics2D graphics, int width, int height, double x, double y, double wide, double high) {
    Graphics2D world = (Graphics2D) graphics.create();
    double scale = Math.min(width / wide, height / high);
    world.translate(width / 2.0, height / 2.0);
    world.scale(scale, -scale);
    world.translate(-x, -y);
    return world;
  }

  private static void line(
      Graphics2D graphics, Color colour, double wide, double x, double y, double toX, double toY) {
    graphics.setColor(colour);
    graphics.setStroke(
        new BasicStroke((float) wide, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(new Line2D.Double(x, y, toX, toY));
  }

  private static void disc(Graphics2D graphics, Color colour, double x, double y, double radius) {
    graphics.setColor(colour);
    graphics.fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius));
  }

  static void cartPole(
      Graphics2D graphics, int width, int height, double x, double angle, double limit) {
    Graphics2D world = world(graphics, width, height, 0, 0.55, 5.2, 2.4);
    line(world, GROUND, 0.02, -10, 0, 10, 0);
    line(world, GROUND, 0.03, -limit, -0.12, -limit, 0.12);
    line(world, GROUND, 0.03, limit, -0.12, limit, 0.12);
    world.setColor(INK);
    world.fill(new RoundRectangle2D.Double(x - 0.26, -0.15, 0.52, 0.3, 0.08, 0.08));
    double pivot = 0.07;
    line(world, WOOD, 0.1, x, pivot, x + Math.sin(angle), pivot + Math.cos(angle));
    disc(world, BLUE, x, pivot, 0.05);
    world.dispose();
  }

  static void acrobot(Graphics2D graphics, int width, int height, double first, double second) {
    Graphics2D world = world(graphics, width, height, 0, 0, 4.6, 4.6);
    double elbowX = Math.sin(first);
    double elbowY = -Math.cos(first);
    double tipX = elbowX + Math.sin(first + second);
    double tipY = elbowY - Math.cos(first + second);
    line(world, GROUND, 0.02, -10, 1, 10, 1);
    line(world, BLUE, 0.18, 0, 0, elbowX, elbowY);
    line(world, BLUE, 0.18, elbowX, elbowY, tipX, tipY);
    disc(world, YELLOW, 0, 0, 0.12);
    disc(world, YELLOW, elbowX, elbowY, 0.12);
    disc(world, RED, tipX, tipY, 0.07);
    world.dispose();
  }

  static void pendulum(Graphics2D graphics, int width, int height, double angle, double torque) {
    Graphics2D world = world(graphics, width, height, 0, 0, 2.6, 2.6);
    // The angle grows against the clock, as on Gymnasium's screen.
    line(world, RED, 0.18, 0, 0, -Math.sin(angle), Math.cos(angle));
    disc(world, INK, 0, 0, 0.05);
    torque(world, torque);
    world.dispose();
  }

  /** An arrow around the pivot, the longer the stronger the torque. */
  private static void torque(Graphics2D world, double torque) {
    double radius = 0.3;
    double turn = 0.75 * torque;
    world.setColor(BLUE);
    world.setStroke(new BasicStroke(0.035f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    world.draw(
        new Arc2D.Double(
            -radius, -radius, 2 * radius, 2 * radius, -90, -Math.toDegrees(turn), Arc2D.OPEN));
    double side = Math.signum(torque);
    double size = 0.12 * Math.min(1, Math.abs(turn) / 0.3);
    Path2D head = new Path2D.Double();
    head.moveTo(-side * size, 0);
    head.lineTo(0, size / 1.6);
    head.lineTo(0, -size / 1.6);
    head.closePath();
    AffineTransform still = world.getTransform();
    world.rotate(turn);
    world.translate(0, radius);
    world.fill(head);
    world.setTransform(still);
  }

  static void valley(Graphics2D graphics, int width, int height, double position, double goal) {
    double middle = (Valley.LEFT + Valley.RIGHT) / 2;
    // Heights are drawn lower than they are, so that the hills look like hills.
    double flat = 0.45;
    Graphics2D world = world(graphics, width, height, middle, 0.06, 1.84, 1.22);
    Path2D hill = new Path2D.Double();
    hill.moveTo(-3, -3);
    for (int i = -300; i <= 200; i++) {
      hill.lineTo(i / 100.0, flat * Math.sin(3 * i / 100.0));
    }
    hill.lineTo(2, -3);
    hill.closePath();
    world.setColor(HILL);
    world.fill(hill);
    world.setColor(GROUND);
    world.setStroke(new BasicStroke(0.008f));
    world.draw(hill);
    double foot = flat * Math.sin(3 * goal);
    line(world, INK, 0.008, goal, foot, goal, foot + 0.2);
    Path2D flag = new Path2D.Double();
    flag.moveTo(goal, foot + 0.2);
    flag.lineTo(goal + 0.1, foot + 0.165);
    flag.lineTo(goal, foot + 0.13);
    flag.closePath();
    world.setColor(YELLOW);
    world.fill(flag);
    AffineTransform still = world.getTransform();
    world.translate(position, flat * Math.sin(3 * position));
    world.rotate(Math.atan(flat * 3 * Math.cos(3 * position)));
    world.setColor(RED);
    world.fill(new RoundRectangle2D.Double(-0.09, 0.03, 0.18, 0.05, 0.03, 0.03));
    world.fill(new RoundRectangle2D.Double(-0.05, 0.06, 0.1, 0.05, 0.03, 0.03));
    for (double wheel : new double[] {-0.05, 0.05}) {
      disc(world, INK, wheel, 0.027, 0.027);
      disc(world, GROUND, wheel, 0.027, 0.011);
    }
    world.setTransform(still);
    world.dispose();
  }
}
