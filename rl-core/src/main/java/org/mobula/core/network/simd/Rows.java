package org.mobula.core.network.simd;

import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/** Simple passes over the rows of matrices. */
final class Rows {
  private Rows() {}

  /** Copies a whole number of vectors; quicker than a call for the short rows that occur here. */
  static void copy(float[] from, int fromStart, float[] to, int toStart, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector.fromArray(SPECIES, from, fromStart + i).intoArray(to, toStart + i);
    }
  }

  /** Adds up the rows of a matrix, of which there is at least one. */
  static void sum(float[] matrix, int rows, int columns, float[] sums) {
    for (int column = 0; column < columns; column += 2 * FLOATS) {
      FloatVector first = FloatVector.fromArray(SPECIES, matrix, column);
      FloatVector second = FloatVector.fromArray(SPECIES, matrix, column + FLOATS);
      for (int row = 1; row < rows; row++) {
        int at = row * columns + column;
        first = first.add(FloatVector.fromArray(SPECIES, matrix, at));
        second = second.add(FloatVector.fromArray(SPECIES, matrix, at + FLOATS));
      }
      first.intoArray(sums, column);
      second.intoArray(sums, column + FLOATS);
    }
  }

  /** Copies the first columns of each row into a matrix that may be of another width. */
  static void copyColumns(
      float[] from,
      int fromStart,
      int fromStride,
      float[] to,
      int toStart,
      int toStride,
      int rows,
      int columns) {
    if (columns == fromStride && columns == toStride) {
      System.arraycopy(from, fromStart, to, toStart, rows * columns);
      return;
    }
    for (int row = 0; row < rows; row++) {
      int source = fromStart + row * fromStride;
      int target = toStart + row * toStride;
      for (int column = 0; column < columns; column++) {
        to[target + column] = from[source + column];
      }
    }
  }
}
