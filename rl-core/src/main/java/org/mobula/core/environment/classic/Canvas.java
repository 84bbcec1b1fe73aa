package org.mobula.core.environment.classic;

import java.util.Arrays;

/** A plane drawn with characters. */
final class Canvas {
  private final double left;
  private final double right;
  private final double bottom;
  private final double top;
  private final char[][] cells;

  Canvas(double left, double right, double bottom, double top, int columns, int rows) {
    this.left = left;
    this.right = right;
    this.bottom = bottom;
    this.top = top;
    this.cells = new char[rows][columns];
    for (char[] row : cells) {
      Arrays.fill(row, ' ');
    }
  }

  private double column(double x) {
    return (x - left) / (right - left) * (cells[0].length - 1);
  }

  private double row(double y) {
    return (top - y) / (top - bottom) * (cells.length - 1);
  }

  private void set(long column, long row, char mark) {
    if (row >= 0 && row < cells.length && column >= 0 && column < cells[0].length) {
      cells[(int) row][(int) column] = mark;
    }
  }

  void put(double x, double y, char mark) {
    set(Math.round(column(x)), Math.round(row(y)), mark);
  }

  /** Characters with their middle at a point. */
  void text(double x, double y, String text) {
    long start = Math.round(column(x)) - text.length() / 2;
    for (int i = 0; i < text.length(); i++) {
      set(start + i, Math.round(row(y)), text.charAt(i));
    }
  }

  void line(double fromX, double fromY, double toX, double toY, char mark) {
    double columns = column(toX) - column(fromX);
    double rows = row(toY) - row(fromY);
    long points = Math.max(1, Math.round(Math.max(Math.abs(columns), Math.abs(rows))));
    for (long i = 0; i <= points; i++) {
      double part = (double) i / points;
      put(fromX + part * (toX - fromX), fromY + part * (toY - fromY), mark);
    }
  }

  /** A line of the characters that lean most as it does. */
  void line(double fromX, double fromY, double toX, double toY) {
    double columns = column(toX) - column(fromX);
    double rows = row(toY) - row(fromY);
    char mark;
    if (Math.abs(columns) < 0.4 * Math.abs(rows)) {
      mark = '|';
    } else if (Math.abs(rows) < 0.25 * Math.abs(columns)) {
      mark = '-';
    } else {
      mark = columns * rows > 0 ? '\\' : '/';
    }
    line(fromX, fromY, toX, toY, mark);
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
