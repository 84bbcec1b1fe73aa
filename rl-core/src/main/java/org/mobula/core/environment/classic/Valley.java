package org.mobula.core.environment.classic;

import java.util.Locale;
import org.mobula.core.space.Box;

/** The valley between two hills, y = sin 3x, that both mountain cars drive in. */
final class Valley {
  static final double LEFT = -1.2;
  static final double RIGHT = 0.6;
  static final double MAX_SPEED = 0.07;
  static final double GRAVITY = 0.0025;

  private Valley() {}

  static Box observations() {
    return Box.of(
        new float[] {(float) LEFT, (float) -MAX_SPEED},
        new float[] {(float) RIGHT, (float) MAX_SPEED});
  }

  static double speed(double velocity) {
    return Math.max(-MAX_SPEED, Math.min(MAX_SPEED, velocity));
  }

  static double position(double position) {
    return Math.max(LEFT, Math.min(RIGHT, position));
  }

  static String picture(double position, double velocity, double goal) {
    Canvas canvas = new Canvas(LEFT, RIGHT, -1.15, 1.6, 61, 17);
    for (double x = LEFT; x <= RIGHT; x += 0.01) {
      canvas.put(x, Math.sin(3 * x), '.');
    }
    canvas.put(goal, Math.sin(3 * goal) + 0.17, '|');
    canvas.put(goal, Math.sin(3 * goal) + 0.34, 'P');
    canvas.text(position, Math.sin(3 * position) + 0.17, "oo");
    canvas.text(position, Math.sin(3 * position) + 0.34, velocity < 0 ? "<##" : "##>");
    return canvas
        + String.format(Locale.ROOT, "position %+.3f, velocity %+.4f\n", position, velocity);
  }
}
