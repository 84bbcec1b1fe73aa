package org.mobula.tune.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import org.jspecify.annotations.Nullable;

/** Draws on an image of twice the size, which needs no display. */
final class ImageCanvas implements Canvas {
  private static final int SCALE = 2;

  private final BufferedImage image;
  private final Graphics2D graphics;

  ImageCanvas(int width, int height) {
    image = new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.scale(SCALE, SCALE);
  }

  @Override
  public void line(Pen pen, double[] x, double[] y) {
    graphics.setColor(color(pen.color(), pen.opacity()));
    graphics.setStroke(
        new BasicStroke(
            (float) pen.width(),
            BasicStroke.CAP_BUTT,
            BasicStroke.JOIN_ROUND,
            1,
            pen.dashed() ? new float[] {4, 3} : null,
            0));
    graphics.draw(path(x, y));
  }

  @Override
  public void polygon(int color, double[] x, double[] y) {
    graphics.setColor(color(color, 1));
    Path2D path = path(x, y);
    path.closePath();
    graphics.fill(path);
  }

  @Override
  public void disc(
      int color, double opacity, double x, double y, double radius, @Nullable String note) {
    Ellipse2D circle = new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
    graphics.setColor(color(color, opacity));
    graphics.fill(circle);
    graphics.setColor(Color.WHITE);
    graphics.setStroke(new BasicStroke(0.5f));
    graphics.draw(circle);
  }

  @Override
  public void text(Font font, double x, double y, Anchor anchor, double angle, String text) {
    graphics.setColor(color(font.color(), 1));
    graphics.setFont(
        new java.awt.Font(
                java.awt.Font.SANS_SERIF, font.bold() ? java.awt.Font.BOLD : java.awt.Font.PLAIN, 1)
            .deriveFont((float) font.size()));
    FontMetrics metrics = graphics.getFontMetrics();
    double width = metrics.getStringBounds(text, graphics).getWidth();
    double shift =
        switch (anchor) {
          case START -> 0;
          case MIDDLE -> -width / 2;
          case END -> -width;
        };
    AffineTransform before = graphics.getTransform();
    graphics.translate(x, y);
    graphics.rotate(Math.toRadians(angle));
    graphics.drawString(text, (float) shift, 0);
    graphics.setTransform(before);
  }

  BufferedImage finish() {
    graphics.dispose();
    return image;
  }

  private static Path2D path(double[] x, double[] y) {
    Path2D path = new Path2D.Double();
    for (int i = 0; i < x.length; i++) {
      if (i == 0) {
        path.moveTo(x[i], y[i]);
      } else {
        path.lineTo(x[i], y[i]);
      }
    }
    return path;
  }

  private static Color color(int color, double opacity) {
    return new Color(color >> 16, color >> 8 & 0xff, color & 0xff, (int) Math.round(opacity * 255));
  }
}
