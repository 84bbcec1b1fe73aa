package org.mobula.core.environment.text;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;

/**
 * Draws boards of cells, whose sides have the length 1. Apart from the problems, so that nothing of
 * {@code java.awt} is loaded unless somebody looks.
 */
final class Cells {
  static final Color INK = new Color(0x2b, 0x2f, 0x36);
  static final Color ICE = new Color(0xdd, 0xec, 0xf6);
  static final Color WATER = new Color(0x33, 0x66, 0x99);
  static final Color GRASS = new Color(0xdc, 0xe6, 0xd8);
  static final Color ROCK = new Color(0x5c, 0x4a, 0x42);
  static final Color RED = new Color(0xc8, 0x4b, 0x4b);
  static final Color GREEN = new Color(0x4f, 0x9d, 0x5d);
  static final Color YELLOW = new Color(0xe3, 0xb5, 0x3a);
  static final Color BLUE = new Color(0x3f, 0x7c, 0xbf);
  private static final Color LINE = new Color(0x8a, 0x93, 0x9e);

  /** Top, the right side's two, bottom, the left side's two from below, middle. */
  private static final int[][] STROKES = {
    {0, 0, 1, 0}, {1, 0, 1, 1}, {1, 1, 1, 2}, {0, 2, 1, 2}, {0, 1, 0, 2}, {0, 0, 0, 1}, {0, 1, 1, 1}
  };

  private static final String[] DIGITS = {
    "abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"
  };

  private final Graphics2D graphics;

  private Cells(Graphics2D graphics) {
    this.graphics = graphics;
  }

  /** A board that just fits into the picture, in its middle. */
  static Cells board(Graphics2D graphics, int width, int height, double columns, double rows) {
    Graphics2D board = (Graphics2D) graphics.create();
    double scale = Math.min(width / (columns + 0.2), height / (rows + 0.2));
    board.translate((width - scale * columns) / 2, (height - scale * rows) / 2);
    board.scale(scale, scale);
    return new Cells(board);
  }

  void cell(int row, int column, Color colour) {
    Rectangle2D square = new Rectangle2D.Double(column, row, 1, 1);
    graphics.setColor(colour);
    graphics.fill(square);
    graphics.setColor(LINE);
    graphics.setStroke(new BasicStroke(0.02f));
    graphics.draw(square);
  }

  /** A wall on the right side of a cell. */
  void wall(int row, int column) {
    graphics.setColor(INK);
    graphics.setStroke(new BasicStroke(0.1f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(new Line2D.Double(column + 1, row, column + 1, row + 1));
  }

  void disc(int row, int column, double radius, Color colour) {
    graphics.setColor(colour);
    graphics.fill(
        new Ellipse2D.Double(column + 0.5 - radius, row + 0.5 - radius, 2 * radius, 2 * radius));
  }

  void flag(int row, int column) {
    graphics.setColor(INK);
    graphics.setStroke(new BasicStroke(0.06f));
    graphics.draw(new Line2D.Double(column + 0.35, row + 0.15, column + 0.35, row + 0.85));
    graphics.setColor(YELLOW);
    Rectangle2D cloth = new Rectangle2D.Double(column + 0.38, row + 0.15, 0.4, 0.28);
    graphics.fill(cloth);
    graphics.setColor(INK);
    graphics.setStroke(new BasicStroke(0.03f));
    graphics.draw(cloth);
  }

  void box(double row, double column, double wide, double high, Color colour) {
    graphics.setColor(colour);
    graphics.fill(new RoundRectangle2D.Double(column, row, wide, high, 0.2, 0.2));
  }

  /**
   * A whole number, each digit of up to seven strokes: a machine may have no fonts.
   *
   * @param high of the digits, which are half as wide
   */
  void number(double row, double column, double high, Color colour, int number) {
    graphics.setColor(colour);
    graphics.setStroke(
        new BasicStroke((float) (high / 8), BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    double side = high / 2;
    double left = column;
    for (char digit : String.valueOf(number).toCharArray()) {
      String strokes = DIGITS[digit - '0'];
      for (int i = 0; i < strokes.length(); i++) {
        int[] stroke = STROKES[strokes.charAt(i) - 'a'];
        graphics.draw(
            new Line2D.Double(
                left + side * stroke[0],
                row + side * stroke[1],
                left + side * stroke[2],
                row + side * stroke[3]));
      }
      left += 1.6 * side;
    }
  }

  void finish() {
    graphics.dispose();
  }
}
