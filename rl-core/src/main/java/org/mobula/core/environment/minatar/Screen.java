package org.mobula.core.environment.minatar;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;

/**
 * Paints cells by their channels. Apart from the games, so that nothing of {@code java.awt} is
 * loaded unless somebody looks.
 */
final class Screen {
  private static final Color GROUND = new Color(0x2b, 0x2f, 0x36);
  private static final double GAP = 0.06;

  private Screen() {}

  static void paint(Graphics2D graphics, int width, int height, int[] channels) {
    Graphics2D screen = (Graphics2D) graphics.create();
    int side = MinAtarGame.SIDE;
    double scale = Math.min(width, height) / (double) side;
    screen.translate((width - scale * side) / 2, (height - scale * side) / 2);
    screen.scale(scale, scale);
    screen.setColor(GROUND);
    screen.fill(new Rectangle2D.Double(0, 0, side, side));
    for (int at = 0; at < channels.length; at++) {
      if (channels[at] >= 0) {
        int row = at / side;
        int column = at % side;
        // Hues that are far apart for channels that follow each other.
        screen.setColor(Color.getHSBColor(0.55f + 0.381966f * channels[at], 0.65f, 0.95f));
        double wide = 1 - 2 * GAP;
        screen.fill(new RoundRectangle2D.Double(column + GAP, row + GAP, wide, wide, 0.3, 0.3));
      }
    }
    screen.dispose();
  }
}
