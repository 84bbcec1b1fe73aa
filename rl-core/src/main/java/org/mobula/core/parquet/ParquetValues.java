package org.mobula.core.parquet;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.jspecify.annotations.Nullable;

/**
 * The values of a column in a row group. A row has one, or none where it {@linkplain #isNull is
 * null}; a row of a column of lists has any number, of which one that is null is NaN.
 */
public final class ParquetValues {
  private final String column;
  private final boolean lists;
  private final boolean[] nulls;

  /** Where the values of each row begin, and where those of the last end. */
  private final int[] starts;

  // One of these, by the type of the column; truths are 0 and 1.
  private float[] floats = {};
  private double[] doubles = {};
  private long[] integers = {};
  private @Nullable String[] texts = {};

  private int rows;
  private int count;

  private ParquetValues(String column, boolean lists, int rows) {
    this.column = column;
    this.lists = lists;
    this.nulls = new boolean[rows];
    this.starts = new int[rows + 1];
  }

  /** The same text for all rows, as a partition has it; null for none. */
  public static ParquetValues constant(String column, @Nullable String text, int rows) {
    ParquetValues values = new ParquetValues(column, false, rows);
    values.texts = new String[rows];
    Arrays.fill(values.texts, text);
    Arrays.fill(values.nulls, text == null);
    values.rows = rows;
    values.count = rows;
    for (int i = 0; i <= rows; i++) {
      values.starts[i] = i;
    }
    return values;
  }

  /** Takes so many entries of a reader, the levels of empty lists among them. */
  static ParquetValues read(
      String column, ColumnDescriptor leaf, ColumnReader reader, long entries, int rows)
      throws IOException {
    PrimitiveTypeName type = leaf.getPrimitiveType().getPrimitiveTypeName();
    if (type == PrimitiveTypeName.INT96 || type == PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY) {
      throw new IOException(
          "column '%s' is of type %s, which is not read; write numbers of 32 or 64 bits, or text"
              .formatted(column, type));
    }
    boolean lists = leaf.getMaxRepetitionLevel() > 0;
    ParquetValues values = new ParquetValues(column, lists, rows);
    int present = leaf.getMaxDefinitionLevel();
    // A list that is null or empty says so by a level below that of an element.
    int element = lists ? elementLevel(leaf) : present;
    for (long i = 0; i < entries; i++) {
      int level = reader.getCurrentDefinitionLevel();
      if (reader.getCurrentRepetitionLevel() == 0) {
        values.startRow(lists ? level < element - 1 : level < present);
      }
      if (level == present) {
        values.take(reader, type);
      } else if (!lists || level >= element) {
        values.takeNone(type);
      }
      reader.consume();
    }
    values.starts[values.rows] = values.count;
    return values;
  }

  /** The level from which an entry is an element, null or not. */
  private static int elementLevel(ColumnDescriptor leaf) {
    int optionalElement = leaf.getPrimitiveType().isRepetition(optional()) ? 1 : 0;
    return leaf.getMaxDefinitionLevel() - optionalElement;
  }

  private static org.apache.parquet.schema.Type.Repetition optional() {
    return org.apache.parquet.schema.Type.Repetition.OPTIONAL;
  }

  private void startRow(boolean none) throws IOException {
    if (rows == nulls.length) {
      throw new IOException("column '%s' has more than %s rows".formatted(column, rows));
    }
    nulls[rows] = none;
    starts[rows++] = count;
  }

  private void take(ColumnReader reader, PrimitiveTypeName type) {
    room(type);
    switch (type) {
      case FLOAT -> floats[count] = reader.getFloat();
      case DOUBLE -> doubles[count] = reader.getDouble();
      case INT32 -> integers[count] = reader.getInteger();
      case INT64 -> integers[count] = reader.getLong();
      case BOOLEAN -> integers[count] = reader.getBoolean() ? 1 : 0;
      default -> {
        Binary text = reader.getBinary();
        String before = count == 0 ? null : texts[count - 1];
        String now = text.toStringUsingUTF8();
        texts[count] = now.equals(before) ? before : now; // sessions last for many rows
      }
    }
    count++;
  }

  private void takeNone(PrimitiveTypeName type) throws IOException {
    room(type);
    switch (type) {
      case FLOAT -> floats[count] = Float.NaN;
      case DOUBLE -> doubles[count] = Double.NaN;
      case INT32, INT64, BOOLEAN -> {
        if (lists) {
          throw new IOException(
              "a list of whole numbers in row %s of column '%s' has a null, which is no number; write real numbers, with NaN"
                  .formatted(rows - 1, column));
        }
        integers[count] = 0;
      }
      default -> texts[count] = null;
    }
    count++;
  }

  private void room(PrimitiveTypeName type) {
    int size = Math.max(16, Math.multiplyExact(2, count));
    switch (type) {
      case FLOAT -> floats = count < floats.length ? floats : Arrays.copyOf(floats, size);
      case DOUBLE -> doubles = count < doubles.length ? doubles : Arrays.copyOf(doubles, size);
      case INT32, INT64, BOOLEAN ->
          integers = count < integers.length ? integers : Arrays.copyOf(integers, size);
      default -> texts = count < texts.length ? texts : Arrays.copyOf(texts, size);
    }
  }

  /** How many rows there are. */
  public int rows() {
    return rows;
  }

  /** Whether a row has a list, not one value. */
  public boolean isLists() {
    return lists;
  }

  /** Whether the values are whole numbers. */
  public boolean isWhole() {
    return integers.length > 0;
  }

  /** Whether a row has no value, or no list. */
  public boolean isNull(int row) {
    return nulls[row];
  }

  /** How many values a row has: 1 unless it is a list; 0 where it has none. */
  public int count(int row) {
    return nulls[row] ? 0 : starts[row + 1] - starts[row];
  }

  /** The numbers of a row; empty where it has none. */
  public float[] numbers(int row) throws IOException {
    float[] numbers = new float[count(row)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = floats.length > 0 ? floats[starts[row] + i] : (float) at(starts[row] + i);
    }
    return numbers;
  }

  /** The one number of a row; NaN where it has none. */
  public double number(int row) throws IOException {
    return count(row) == 0 ? Double.NaN : at(starts[row]);
  }

  private double at(int index) throws IOException {
    if (floats.length > 0) {
      return floats[index];
    } else if (doubles.length > 0) {
      return doubles[index];
    } else if (integers.length > 0) {
      return integers[index];
    }
    String text = texts[index];
    if (text == null) {
      return Double.NaN;
    }
    try {
      return Double.parseDouble(text); // a partition's
    } catch (NumberFormatException e) {
      throw new IOException(
          "column '%s' holds \"%s\" but must hold numbers".formatted(column, text), e);
    }
  }

  /** Whether a row is true, or a number other than 0; false where it has none. */
  public boolean flag(int row) throws IOException {
    if (count(row) == 0) {
      return false;
    }
    String text = texts.length > 0 ? texts[starts[row]] : null;
    return text == null ? at(starts[row]) != 0 : Boolean.parseBoolean(text);
  }

  /** A row as characters; null where it has none. */
  public @Nullable String text(int row) {
    if (count(row) == 0) {
      return null;
    } else if (texts.length > 0) {
      return Objects.requireNonNull(texts[starts[row]]);
    } else if (integers.length > 0) {
      return Long.toString(integers[starts[row]]);
    }
    return floats.length > 0
        ? Float.toString(floats[starts[row]])
        : Double.toString(doubles[starts[row]]);
  }
}
