package org.mobula.core.network.simd;

/**
 * Matrix products C = C₀ + A·B and C = C₀ + Aᵀ·B, where B is cut into {@link Panels}. Each element
 * of C is one chain of fused multiply-adds in the order of A's columns (rows where A is
 * transposed), so that it does not depend on the width of the vectors or on the other rows of the
 * batch.
 *
 * <p>Matrices are row-major, their rows padded as {@link Lanes} says. An instance holds the
 * workspace of one thread.
 */
final class Product {
  /** Below this many rows each is computed alone; a block would mostly compute rows thrown away. */
  private static final int FEW = 3;

  private final float[] edge = new float[Blocks.ROWS * Panels.WIDE];

  /**
   * C = C₀ + A·B.
   *
   * @param rows of A and C
   * @param depth columns of A, rows of B
   * @param aStride between rows of A
   * @param panels B
   * @param columns of B and C, padded
   * @param c0 C₀, row-major
   * @param c0Stride between rows of C₀; 0 where all are the same
   * @param c row-major with {@code columns} columns
   */
  void multiply(
      int rows,
      int depth,
      float[] a,
      int aStride,
      float[] panels,
      int columns,
      float[] c0,
      int c0Stride,
      float[] c) {
    multiply(rows, depth, a, aStride, 1, panels, columns, c0, c0Stride, c);
  }

  /** C = C₀ + Aᵀ·B; {@code rows} are columns of A, {@code depth} its rows. */
  void multiplyTransposed(
      int rows,
      int depth,
      float[] a,
      int aStride,
      float[] panels,
      int columns,
      float[] c0,
      int c0Stride,
      float[] c) {
    multiply(rows, depth, a, 1, aStride, panels, columns, c0, c0Stride, c);
  }

  private void multiply(
      int rows,
      int depth,
      float[] a,
      int aRow,
      int aStep,
      float[] panels,
      int columns,
      float[] c0,
      int c0Row,
      float[] c) {
    int rest = rows % Blocks.ROWS;
    int blockRows = rest < FEW ? rows - rest : rows;
    for (int column = 0; column < columns; ) {
      int width = Panels.width(column, columns);
      int b = column * depth;
      for (int row = 0; row < rows; ) {
        int at = row * columns + column;
        int at0 = row * c0Row + column;
        int left = Math.min(Blocks.ROWS, blockRows - row);
        if (left == Blocks.ROWS) {
          block(
              width,
              left,
              depth,
              a,
              row * aRow,
              aRow,
              aStep,
              panels,
              b,
              c0,
              at0,
              c0Row,
              c,
              at,
              columns);
        } else if (left > 0) {
          copyRows(left, c0, at0, c0Row, edge, 0, width, width);
          block(
              width,
              left,
              depth,
              a,
              row * aRow,
              aRow,
              aStep,
              panels,
              b,
              edge,
              0,
              width,
              edge,
              0,
              width);
          copyRows(left, edge, 0, width, c, at, columns, width);
        } else {
          single(width, depth, a, row * aRow, aStep, panels, b, c0, at0, c, at);
          left = 1;
        }
        row += left;
      }
      column += width;
    }
  }

  private static void copyRows(
      int rows,
      float[] from,
      int fromStart,
      int fromRow,
      float[] to,
      int toStart,
      int toRow,
      int width) {
    for (int row = 0; row < rows; row++) {
      Rows.copy(from, fromStart + row * fromRow, to, toStart + row * toRow, width);
    }
  }

  private static void block(
      int width,
      int rows,
      int depth,
      float[] a,
      int aStart,
      int aRow,
      int aStep,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      int c0Row,
      float[] c,
      int cStart,
      int cRow) {
    if (width == Panels.WIDE) {
      Blocks.sixByFour(
          rows, depth, a, aStart, aRow, aStep, b, bStart, c0, c0Start, c0Row, c, cStart, cRow);
    } else {
      Blocks.sixByTwo(
          rows, depth, a, aStart, aRow, aStep, b, bStart, c0, c0Start, c0Row, c, cStart, cRow);
    }
  }

  private static void single(
      int width,
      int depth,
      float[] a,
      int aStart,
      int aStep,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      float[] c,
      int cStart) {
    if (width == Panels.WIDE) {
      SingleRow.oneByFour(depth, a, aStart, aStep, b, bStart, c0, c0Start, c, cStart);
    } else {
      SingleRow.oneByTwo(depth, a, aStart, aStep, b, bStart, c0, c0Start, c, cStart);
    }
  }
}
