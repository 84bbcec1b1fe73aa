package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.mobula.core.experience.ReplayShape.Encoding;

/**
 * Rows of numbers in pieces that are made as they are needed: a column may be larger than an array
 * can be, and one that is never filled costs nothing.
 */
final class RowColumn {
  /** Numbers in a piece, about; whole rows always. */
  private static final int PIECE = 1 << 22;

  private static final int UNSIGNED = 0xff;

  private final int rows;
  private final int width;
  private final int rowsPerPiece;
  private final boolean bytes;
  // Of the two kinds one is in use.
  private final byte[][] bytePieces;
  private final float[][] floatPieces;

  RowColumn(int rows, int width, Encoding encoding) {
    this.rows = rows;
    this.width = width;
    bytes = encoding == Encoding.BYTE;
    rowsPerPiece = Math.max(1, Math.min(rows, PIECE / width));
    int pieces = (rows + rowsPerPiece - 1) / rowsPerPiece;
    bytePieces = new byte[bytes ? pieces : 0][0];
    floatPieces = new float[bytes ? 0 : pieces][0];
  }

  private byte[] bytePiece(int piece) {
    if (bytePieces[piece].length == 0) {
      bytePieces[piece] = new byte[length(piece)];
    }
    return bytePieces[piece];
  }

  private float[] floatPiece(int piece) {
    if (floatPieces[piece].length == 0) {
      floatPieces[piece] = new float[length(piece)];
    }
    return floatPieces[piece];
  }

  private int length(int piece) {
    return Math.min(rowsPerPiece, rows - piece * rowsPerPiece) * width;
  }

  void set(int row, float[] from, int offset) {
    int piece = row / rowsPerPiece;
    int at = row % rowsPerPiece * width;
    if (bytes) {
      byte[] to = bytePiece(piece);
      for (int i = 0; i < width; i++) {
        float number = from[offset + i];
        int whole = (int) number;
        if (whole != number || whole < 0 || whole > UNSIGNED) {
          throw new IllegalArgumentException(
              "number "
                  + i
                  + " of an observation is "
                  + number
                  + " but must be a whole number from 0 to 255 to be kept as a byte; keep"
                  + " observations as floats");
        }
        to[at + i] = (byte) whole;
      }
    } else {
      System.arraycopy(from, offset, floatPiece(piece), at, width);
    }
  }

  void get(int row, float[] to, int offset) {
    int piece = row / rowsPerPiece;
    int at = row % rowsPerPiece * width;
    if (bytes) {
      byte[] from = bytePiece(piece);
      for (int i = 0; i < width; i++) {
        to[offset + i] = from[at + i] & UNSIGNED;
      }
    } else {
      System.arraycopy(floatPiece(piece), at, to, offset, width);
    }
  }

  /** Whether a row holds these very numbers. */
  boolean holds(int row, float[] numbers, int offset) {
    int piece = row / rowsPerPiece;
    int at = row % rowsPerPiece * width;
    for (int i = 0; i < width; i++) {
      float number = bytes ? bytePiece(piece)[at + i] & UNSIGNED : floatPiece(piece)[at + i];
      if (Float.compare(number, numbers[offset + i]) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Bytes of the pieces that were made. */
  long allocatedBytes() {
    long sum = 0;
    for (byte[] piece : bytePieces) {
      sum += piece.length;
    }
    for (float[] piece : floatPieces) {
      sum += 4L * piece.length;
    }
    return sum;
  }

  /** Writes rows 0 to {@code used − 1}. */
  void write(DataOutput out, int used, byte[] buffer) throws IOException {
    for (int from = 0; from < used; from += rowsPerPiece) {
      int numbers = Math.min(rowsPerPiece, used - from) * width;
      if (bytes) {
        out.write(bytePiece(from / rowsPerPiece), 0, numbers);
      } else {
        writeFloats(floatPiece(from / rowsPerPiece), numbers, out, buffer);
      }
    }
  }

  /** Reads what {@link #write} wrote. */
  void read(DataInput in, int used, byte[] buffer) throws IOException {
    for (int from = 0; from < used; from += rowsPerPiece) {
      int piece = from / rowsPerPiece;
      int numbers = Math.min(rowsPerPiece, used - from) * width;
      if (bytes) {
        in.readFully(bytePiece(piece), 0, numbers);
      } else {
        readFloats(floatPiece(piece), numbers, in, buffer);
      }
    }
  }

  /** Writes numbers by the bufferful, big-endian; a call for each would cost ten times as much. */
  static void writeFloats(float[] numbers, int count, DataOutput out, byte[] buffer)
      throws IOException {
    int most = buffer.length / Float.BYTES;
    for (int from = 0; from < count; from += most) {
      int part = Math.min(most, count - from);
      ByteBuffer.wrap(buffer).asFloatBuffer().put(numbers, from, part);
      out.write(buffer, 0, part * Float.BYTES);
    }
  }

  static void readFloats(float[] numbers, int count, DataInput in, byte[] buffer)
      throws IOException {
    int most = buffer.length / Float.BYTES;
    for (int from = 0; from < count; from += most) {
      int part = Math.min(most, count - from);
      in.readFully(buffer, 0, part * Float.BYTES);
      ByteBuffer.wrap(buffer).asFloatBuffer().get(numbers, from, part);
    }
  }
}
