package org.mobula.core.environment.box2d;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import org.jbox2d.collision.shapes.PolygonShape;
import org.jbox2d.common.Transform;
import org.jbox2d.common.Vec2;
import org.jbox2d.dynamics.Body;
import org.jbox2d.dynamics.Fixture;

/**
 * Draws bodies in metres, y upwards. Apart from the environments, so that nothing of {@code
 * java.awt} is loaded unless somebody looks.
 */
final class Pictures {
  static final Color HULL = new Color(0x6c, 0x5c, 0xb8);
  static final Color DARK = new Color(0x45, 0x3a, 0x7d);
  static final Color LIGHT = new Color(0x9b, 0x8e, 0xd6);
  static final Color STONE = new Color(0x8a, 0x93, 0x9e);
  private static final Color INK = new Color(0x2b, 0x2f, 0x36);
  private static final Color YELLOW = new Color(0xe3, 0xb5, 0x3a);
  private static final Color HILL = new Color(0xdc, 0xe6, 0xd8);

  private final Graphics2D world;

  /** Puts a point in the middle; the world's size just fits in. */
  Pictures(
      Graphics2D graphics, int width, int height, double x, double y, double wide, double high) {
    world = (Graphics2D) graphics.create();
    double scale = Math.min(width / wide, height / high);
    world.translate(width / 2.0, height / 2.0);
    world.scale(scale, -scale);
    world.translate(-x, -y);
    world.setStroke(new BasicStroke(0.05f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
  }

  /** Ground down to a depth below a line of points: x and y of each. */
  void ground(double[] line, double depth) {
    Path2D hill = new Path2D.Double();
    hill.moveTo(line[0], depth);
    for (int i = 0; i < line.length; i += 2) {
      hill.lineTo(line[i], line[i + 1]);
    }
    hill.lineTo(line[line.length - 2], depth);
    hill.closePath();
    world.setColor(HILL);
    world.fill(hill);
    world.setColor(STONE);
    world.draw(hill);
  }

  void flag(double x, double foot) {
    double top = foot + 50 / 30.0;
    world.setColor(INK);
    world.draw(new Line2D.Double(x, foot, x, top));
    Path2D flag = new Path2D.Double();
    flag.moveTo(x, top);
    flag.lineTo(x + 25 / 30.0, top - 5 / 30.0);
    flag.lineTo(x, top - 10 / 30.0);
    flag.closePath();
    world.setColor(YELLOW);
    world.fill(flag);
  }

  /** The polygons of a body. */
  void part(Body body, Color colour) {
    Vec2 corner = new Vec2();
    for (Fixture fixture = body.getFixtureList(); fixture != null; fixture = fixture.getNext()) {
      if (fixture.getShape() instanceof PolygonShape shape) {
        Path2D path = new Path2D.Double();
        for (int i = 0; i < shape.m_count; i++) {
          Transform.mulToOut(body.getTransform(), shape.m_vertices[i], corner);
          if (i == 0) {
            path.moveTo(corner.x, corner.y);
          } else {
            path.lineTo(corner.x, corner.y);
          }
        }
        path.closePath();
        world.setColor(colour);
        world.fill(path);
        world.setColor(INK);
        world.draw(path);
      }
    }
  }

  void end() {
    world.dispose();
  }
}
