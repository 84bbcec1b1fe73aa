package org.mobula.core.network.simd;

import static org.mobula.core.network.simd.Lanes.FLOATS;

import java.util.Arrays;

/**
 * The right-hand matrix of a product, cut into panels: blocks of columns, each stored row after row
 * without gaps, so that the kernels walk through memory in one direction. A panel is as wide as the
 * kernel's register block; the last may be half as wide.
 */
final class Panels {
  /** Whether the machine has the 32 registers that the wide block needs. */
  private static final boolean MANY_REGISTERS =
      FLOATS == 16 || System.getProperty("os.arch").equals("aarch64");

  /** Columns of the narrow panel. */
  static final int NARROW = 2 * FLOATS;

  /** Columns of the wide panel. */
  static final int WIDE = 4 * FLOATS;

  private Panels() {}

  /** How wide the panel is that starts at this column. */
  static int width(int column, int columns) {
    return MANY_REGISTERS && columns - column >= WIDE ? WIDE : NARROW;
  }

  /** Whether a row-major matrix is one panel as it lies. */
  static boolean isOne(int columns) {
    return width(0, columns) == columns;
  }

  /** Cuts a row-major matrix of padded width into panels. */
  static void pack(float[] matrix, int rows, int columns, float[] panels) {
    for (int column = 0; column < columns; ) {
      int width = width(column, columns);
      for (int row = 0; row < rows; row++) {
        Rows.copy(matrix, row * columns + column, panels, column * rows + row * width, width);
      }
      column += width;
    }
  }

  /**
   * Cuts a row-major matrix without padding into panels.
   *
   * @param offset of the matrix
   * @param columns of the matrix before padding
   */
  static void packUnpadded(
      float[] matrix, int offset, int rows, int columns, int paddedColumns, float[] panels) {
    if (columns == paddedColumns && isOne(columns)) {
      System.arraycopy(matrix, offset, panels, 0, rows * columns);
      return;
    }
    for (int start = 0; start < paddedColumns; ) {
      int width = width(start, paddedColumns);
      int real = Math.max(0, Math.min(width, columns - start));
      for (int row = 0; row < rows; row++) {
        int to = start * rows + row * width;
        if (real > 0) {
          System.arraycopy(matrix, offset + row * columns + start, panels, to, real);
        }
        Arrays.fill(panels, to + real, to + width, 0);
      }
      start += width;
    }
  }

  /**
   * Cuts the transpose of a row-major matrix without padding into panels.
   *
   * @param rows of the matrix, which become columns
   */
  static void packTransposed(
      float[] matrix, int offset, int rows, int columns, int paddedRows, float[] panels) {
    for (int start = 0; start < paddedRows; ) {
      int width = width(start, paddedRows);
      int real = Math.max(0, Math.min(width, rows - start));
      for (int column = 0; column < columns; column++) {
        int from = offset + start * columns + column;
        int to = start * columns + column * width;
        for (int i = 0; i < real; i++) {
          panels[to + i] = matrix[from + i * columns];
        }
      }
      start += width;
    }
  }
}
