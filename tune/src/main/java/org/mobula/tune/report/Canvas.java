package org.mobula.tune.report;

import org.jspecify.annotations.Nullable;

/** What a chart is drawn on; x to the right and y down, in pixels. */
interface Canvas {
  /** Which end of a text its place is. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  /**
   * A pen.
   *
   * @param color as 0xRRGGBB
   * @param opacity from 0 to 1
   * @param dashed whether it leaves gaps
   */
  record Pen(int color, double width, double opacity, boolean dashed) {
    static Pen of(int color, double width) {
      return new Pen(color, width, 1, false);
    }

    Pen faint(double opacity) {
      return new Pen(color, width, opacity, dashed);
    }
  }

  /** A line through points. */
  void line(Pen pen, double[] x, double[] y);

  /** A filled shape. */
  void polygon(int color, double[] x, double[] y);

  /** A filled disc with a thin white edge; the note is shown to who points at it. */
  void disc(int color, double opacity, double x, double y, double radius, @Nullable String note);

  /**
   * A text.
   *
   * @param angle in degrees, clockwise around its place
   */
  void text(Font font, double x, double y, Anchor anchor, double angle, String text);

  /** How texts look. */
  record Font(double size, boolean bold, int color) {}

  default void segment(Pen pen, double x1, double y1, double x2, double y2) {
    line(pen, new double[] {x1, x2}, new double[] {y1, y2});
  }

  default void rectangle(int color, double x, double y, double width, double height) {
    polygon(
        color,
        new double[] {x, x + width, x + width, x},
        new double[] {y, y, y + height, y + height});
  }
}
