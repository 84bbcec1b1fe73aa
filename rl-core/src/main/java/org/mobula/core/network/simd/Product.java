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
  /** Rows of C that a block kernel computes at once. */
  private static final int ROWS = 6;

  /** Below this many rows each is computed alone; a block would mostly compute rows thrown away. */
  private static final int FEW = 3;

  private final float[] tile = new float[ROWS * RowBlocks.DEPTH];
  private final float[] edge = new float[ROWS * Panels.WIDE];

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
    multiply(false, rows, depth, a, aStride, panels, columns, c0, c0Stride, c);
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
    multiply(true, rows, depth, a, aStride, panels, columns, c0, c0Stride, c);
  }

  private void multiply(
      boolean transposed,
      int rows,
      int depth,
      float[] a,
      int aStride,
      float[] panels,
      int columns,
      float[] c0,
      int c0Stride,
      float[] c) {
    int rowStep = transposed ? 1 : aStride;
    int depthStep = transposed ? aStride : 1;
    int edgeRows = rows % ROWS;
    int singles = edgeRows < FEW ? edgeRows : 0;
    int blockRows = rows - singles;
    for (int k = 0; k < depth; k += RowBlocks.DEPTH) {
      int part = Math.min(RowBlocks.DEPTH, depth - k);
      float[] base = k == 0 ? c0 : c;
      int baseStride = k == 0 ? c0Stride : columns;
      for (int column = 0; column < columns; ) {
        int width = Panels.width(column, columns);
        int b = column * depth + k * width;
        for (int row = 0; row < blockRows; row += ROWS) {
          int aStart = row * rowStep + k * depthStep;
          int baseStart = row * baseStride + column;
          int cStart = row * columns + column;
          int real = Math.min(ROWS, blockRows - row);
          if (!transposed) {
            fillTile(a, aStart, aStride, part, real);
          }
          if (real == ROWS) {
            block(
                transposed,
                width,
                part,
                a,
                aStart,
                aStride,
                panels,
                b,
                base,
                baseStart,
                baseStride,
                c,
                cStart,
                columns);
          } else {
            for (int r = 0; r < real; r++) {
              Rows.copy(base, baseStart + r * baseStride, edge, r * width, width);
            }
            block(
                transposed,
                width,
                part,
                a,
                aStart,
                aStride,
                panels,
                b,
                edge,
                0,
                width,
                edge,
                0,
                width);
            for (int r = 0; r < real; r++) {
              Rows.copy(edge, r * width, c, cStart + r * columns, width);
            }
          }
        }
        for (int row = blockRows; row < rows; row++) {
          single(
              width,
              part,
              a,
              row * rowStep + k * depthStep,
              depthStep,
              panels,
              b,
              base,
              row * baseStride + column,
              c,
              row * columns + column);
        }
        column += width;
      }
    }
  }

  private void fillTile(float[] a, int start, int stride, int depth, int rows) {
    for (int row = 0; row < rows; row++) {
      Rows.copy(a, start + row * stride, tile, row * RowBlocks.DEPTH, depth);
    }
  }

  private void block(
      boolean transposed,
      int width,
      int depth,
      float[] a,
      int aStart,
      int aStride,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      int c0Row,
      float[] c,
      int cStart,
      int cRow) {
    if (transposed) {
      if (width == Panels.WIDE) {
        ColumnBlocks.sixByFour(
            depth, a, aStart, aStride, b, bStart, c0, c0Start, c0Row, c, cStart, cRow);
      } else {
        ColumnBlocks.sixByTwo(
            depth, a, aStart, aStride, b, bStart, c0, c0Start, c0Row, c, cStart, cRow);
      }
    } else if (width == Panels.WIDE) {
      RowBlocks.sixByFour(depth, tile, b, bStart, c0, c0Start, c0Row, c, cStart, cRow);
    } else {
      RowBlocks.sixByTwo(depth, tile, b, bStart, c0, c0Start, c0Row, c, cStart, cRow);
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
