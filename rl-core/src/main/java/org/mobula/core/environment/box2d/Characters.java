package org.mobula.core.environment.box2d;

import java.util.Arrays;

/** A part of the world drawn with characters. */
final class Characters {
  private static final int COLUMNS = 61;
  private static final int ROWS = 21;

  private final double left;
  private final double right;
  private final double bottom;
  private final double top;
  private final char[][] cells = new char[ROWS][COLUMNS];

  Characters(double left, double right, double bottom, double top) {
    this.left = left;
    this.right = right;
    this.bottom = bottom;
    this.top = top;
    for (char[] row : cells) {
      Arrays.fill(row, ' ');
    }
  }

  void put(double x, double y, char mark) {
    long column = Math.round((x - left) / (right - left) * (COLUMNS - 1));
    long row = Math.round((top - y) / (top - bottom) * (ROWS - 1));
    if (row >= 0 && row < ROWS && column >= 0 && column < COLUMNS) {
      cells[(int) row][(int) column] = mark;
    }
  }

  void line(double x, double y, double toX, double toY, char mark) {
    int points = COLUMNS + ROWS;
    for (int i = 0; i <= points; i++) {
      double part = (double) i / points;
      put(x + part * (toX - x), y + part * (toY - y), mark);
    }
  }

  @Override
  public String toString() {
    StringBuilder picture = new StringBuilder();
    for (char[] row : cells) {
      picture.append(new String(row).stripTrailing()).append('\n');
    }
    return picture.toString();
  }
}
