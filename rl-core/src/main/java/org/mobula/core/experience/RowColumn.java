package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.mobula.core.experience.ReplayShape.Encoding;

/**
 * Rows of numbers, kept as floats or as bytes, in pieces that are made as they are needed: a column
 * may be larger than an array can be, and one that is never filled costs nothing.
 */
public final class RowColumn implements Serializable {
  private static final long serialVersionUID = 1L;

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

  /**
   * A column of zeros.
   *
   * @param rows how many there are
   * @param width numbers in a row
   * @param encoding that each number is kept in
   */
  public RowColumn(int rows, int width, Encoding encoding) {
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

  /** How many rows there are. */
  public int rows() {
    return rows;
  }

  /** Numbers in a row. */
  public int width() {
    return width;
  }

  /** One of a row's numbers. */
  public float number(int row, int index) {
    int at = row % rowsPerPiece * width + index;
    int piece = row / rowsPerPiece;
    return bytes ? bytePiece(piece)[at] & UNSIGNED : floatPiece(piece)[at];
  }

  /**
   * Keeps a row.
   *
   * @param from whose numbers from {@code offset} on are read
   * @throws IllegalArgumentException if a number cannot be kept as a byte
   */
  public void set(int row, float[] from, int offset) {
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

  /**
   * Keeps a row of another column, or a part of it: bytes go as they are.
   *
   * @param first of the other row's numbers that is read
   * @throws IllegalArgumentException if a number cannot be kept as a byte
   */
  void set(int row, RowColumn from, int fromRow, int first) {
    int fromAt = fromRow % from.rowsPerPiece * from.width + first;
    int fromPiece = fromRow / from.rowsPerPiece;
    if (!from.bytes) {
      set(row, from.floatPiece(fromPiece), fromAt);
      return;
    }
    byte[] source = from.bytePiece(fromPiece);
    int at = row % rowsPerPiece * width;
    if (bytes) {
      System.arraycopy(source, fromAt, bytePiece(row / rowsPerPiece), at, width);
    } else {
      float[] to = floatPiece(row / rowsPerPiece);
      for (int i = 0; i < width; i++) {
        to[at + i] = source[fromAt + i] & UNSIGNED;
      }
    }
  }

  /** Writes a row's numbers to an array, from {@code offset} on. */
  public void get(int row, float[] to, int offset) {
    int piece = 0;
    int at = row;
    if (rows > rowsPerPiece) { // a division costs as much as a row of a few numbers
      piece = row / rowsPerPiece;
      at = row % rowsPerPiece;
    }
    at *= width;
    if (bytes) {
      getBytes(bytePiece(piece), at, to, offset);
      return;
    }
    float[] from = floatPiece(piece);
    for (int i = 0; i < width; i++) {
      to[offset + i] = from[at + i];
    }
  }

  private void getBytes(byte[] from, int at, float[] to, int offset) {
    for (int i = 0; i < width; i++) {
      to[offset + i] = from[at + i] & UNSIGNED;
    }
  }

  /** Whether a row holds the very numbers of another column's row, from its {@code first} on. */
  boolean holds(int row, RowColumn other, int otherRow, int first) {
    int piece = row / rowsPerPiece;
    int at = row % rowsPerPiece * width;
    int otherPiece = otherRow / other.rowsPerPiece;
    int otherAt = otherRow % other.rowsPerPiece * other.width + first;
    if (bytes && other.bytes) {
      byte[] theirs = other.bytePiece(otherPiece);
      return Arrays.equals(bytePiece(piece), at, at + width, theirs, otherAt, otherAt + width);
    } else if (!bytes && !other.bytes) {
      float[] theirs = other.floatPiece(otherPiece);
      return Arrays.equals(floatPiece(piece), at, at + width, theirs, otherAt, otherAt + width);
    }
    for (int i = 0; i < width; i++) {
      if (Float.compare(number(row, i), other.number(otherRow, first + i)) != 0) {
        return false;
      }
    }
    return true;
  }

  /** The same rows and zeros after them. */
  RowColumn grown(int more) {
    RowColumn grown = new RowColumn(more, width, bytes ? Encoding.BYTE : Encoding.FLOAT);
    for (int row = 0; row < rows; row++) {
      grown.set(row, this, row, 0);
    }
    return grown;
  }

  /** Bytes of the pieces that were made. */
  public long allocatedBytes() {
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
