package org.mobula.core.parquet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.LogicalTypes;
import org.apache.parquet.format.MicroSeconds;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.TimeUnit;
import org.apache.parquet.format.TimestampType;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/**
 * A column of a row group that is being filled, in memory: plain values in pages of about 1 MiB,
 * each compressed as soon as it is full. The format is that of
 * https://parquet.apache.org/docs/file-format/.
 */
public final class ParquetColumn {
  private static final int PAGE_BYTES = 1 << 20;

  private final Form form;
  private ByteBuffer values = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
  private final Bits booleans = new Bits();
  private final Bits repetitions = new Bits();
  private final Bits definitions = new Bits();
  private int pageEntries;
  private final ByteArrayOutputStream pages = new ByteArrayOutputStream();
  private long entries;
  private long uncompressedBytes;

  /** How many values a row has. */
  public enum Shape {
    /** One value. */
    SINGLE,
    /** One value or none. */
    OPTIONAL,
    /** Any number of values. */
    LIST
  }

  /** What the values are. */
  public enum Kind {
    /** True or false. */
    BOOLEAN(Type.BOOLEAN),
    /** A whole number of 32 bits. */
    INT32(Type.INT32),
    /** A whole number of 64 bits. */
    INT64(Type.INT64),
    /** A real number of 32 bits. */
    FLOAT(Type.FLOAT),
    /** A real number of 64 bits. */
    DOUBLE(Type.DOUBLE),
    /** Characters. */
    TEXT(Type.BYTE_ARRAY),
    /** Microseconds since 1970 in UTC. */
    TIME(Type.INT64);

    private final Type type;

    Kind(Type type) {
      this.type = type;
    }
  }

  /** What a column is. */
  public record Form(String name, Kind kind, Shape shape) {
    /** A column with one value in each row. */
    public Form(String name, Kind kind) {
      this(name, kind, Shape.SINGLE);
    }
  }

  ParquetColumn(Form form) {
    this.form = form;
  }

  // Filling. Each row adds one single value, or a value or none, or a list.

  public void add(long value) {
    room(Long.BYTES);
    if (form.kind == Kind.INT32) {
      values.putInt(Math.toIntExact(value));
    } else {
      values.putLong(value);
    }
    endSingle(true);
  }

  /** Adds a real number of 64 bits. */
  public void add(double value) {
    room(Double.BYTES);
    values.putDouble(value);
    endSingle(true);
  }

  /** Adds a truth. */
  public void add(boolean value) {
    booleans.add(value);
    endSingle(true);
  }

  /** Adds a text; null only where the column is optional. */
  public void add(@Nullable String value) {
    if (value != null) {
      bytes(value.getBytes(StandardCharsets.UTF_8));
    }
    endSingle(value != null);
  }

  /**
   * Adds some elements of an array, one unless it is a column of lists.
   *
   * @param data {@code byte[]}, {@code short[]} or {@code int[]} for INT32, {@code long[]}, {@code
   *     float[]} or {@code double[]} for the kind of that name, {@code byte[][]} in UTF-8 for text
   */
  public void add(Object data, int from, int count) {
    put(data, from, count);
    if (form.shape != Shape.LIST) {
      endSingle(true);
      return;
    }
    for (int i = 0; i < Math.max(1, count); i++) {
      repetitions.add(i > 0);
      definitions.add(count > 0);
    }
    end(Math.max(1, count));
  }

  private void put(Object data, int from, int count) {
    int to = from + count;
    if (data instanceof byte[][] strings) {
      for (int i = from; i < to; i++) {
        bytes(strings[i]);
      }
      return;
    }
    room(Math.multiplyExact(count, Long.BYTES));
    if (data instanceof float[] numbers) {
      for (int i = from; i < to; i++) {
        values.putFloat(numbers[i]);
      }
    } else if (data instanceof double[] numbers) {
      for (int i = from; i < to; i++) {
        values.putDouble(numbers[i]);
      }
    } else if (data instanceof long[] numbers) {
      for (int i = from; i < to; i++) {
        values.putLong(numbers[i]);
      }
    } else if (data instanceof int[] numbers) {
      for (int i = from; i < to; i++) {
        values.putInt(numbers[i]);
      }
    } else if (data instanceof short[] numbers) {
      for (int i = from; i < to; i++) {
        values.putInt(numbers[i]);
      }
    } else {
      byte[] numbers = (byte[]) data;
      for (int i = from; i < to; i++) {
        values.putInt(numbers[i]);
      }
    }
  }

  private void bytes(byte[] value) {
    room(Integer.BYTES + value.length);
    values.putInt(value.length).put(value);
  }

  private void room(int bytes) {
    if (values.remaining() < bytes) {
      int capacity = Math.max(2 * values.capacity(), Math.addExact(values.position(), bytes));
      values = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(values.flip());
    }
  }

  private void endSingle(boolean present) {
    if (form.shape == Shape.OPTIONAL) {
      definitions.add(present);
    }
    end(1);
  }

  private void end(int added) {
    pageEntries += added;
    if (values.position() >= PAGE_BYTES) {
      endPage();
    }
  }

  /** Bytes that it holds in memory. */
  long bytes() {
    return (long) pages.size()
        + values.position()
        + booleans.byteCount()
        + repetitions.byteCount()
        + definitions.byteCount();
  }

  // Encoding.

  private void endPage() {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    int bytes = 0;
    try (GZIPOutputStream zip = new FastZip(compressed)) {
      if (form.shape == Shape.LIST) {
        bytes += levels(zip, repetitions);
      }
      if (form.shape != Shape.SINGLE) {
        bytes += levels(zip, definitions);
      }
      byte[] bits = booleans.take();
      zip.write(bits);
      zip.write(values.array(), 0, values.position());
      bytes += bits.length + values.position();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    PageHeader header = new PageHeader(PageType.DATA_PAGE, bytes, compressed.size());
    header.setData_page_header(
        new DataPageHeader(pageEntries, Encoding.PLAIN, Encoding.RLE, Encoding.RLE));
    try {
      int before = pages.size();
      Util.writePageHeader(header, pages);
      uncompressedBytes += pages.size() - before + bytes;
      compressed.writeTo(pages);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    entries += pageEntries;
    pageEntries = 0;
    values.clear();
  }

  private static final class FastZip extends GZIPOutputStream {
    FastZip(OutputStream out) throws IOException {
      super(out);
      def.setLevel(1);
    }
  }

  /**
   * Writes levels of one bit in the RLE and bit-packing hybrid: its length, then one bit-packed
   * run, whose header counts groups of eight.
   */
  private static int levels(OutputStream out, Bits levels) throws IOException {
    byte[] bits = levels.take();
    ByteBuffer head = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).position(4);
    int header = (bits.length << 1) | 1;
    while (header > 0x7f) {
      head.put((byte) ((header & 0x7f) | 0x80));
      header >>>= 7;
    }
    head.put((byte) header);
    head.putInt(0, head.position() - 4 + bits.length);
    out.write(head.array(), 0, head.position());
    out.write(bits);
    return head.position() + bits.length;
  }

  /** Writes all pages; the column takes no more after that. */
  ColumnChunk write(OutputStream out, long offset) throws IOException {
    if (pageEntries > 0) {
      endPage();
    }
    pages.writeTo(out);
    ColumnMetaData meta =
        new ColumnMetaData(
            form.kind.type,
            List.of(Encoding.PLAIN, Encoding.RLE),
            path(),
            CompressionCodec.GZIP,
            entries,
            uncompressedBytes,
            pages.size(),
            offset);
    ColumnChunk chunk = new ColumnChunk(0);
    chunk.setMeta_data(meta);
    return chunk;
  }

  private List<String> path() {
    return form.shape == Shape.LIST ? List.of(form.name, "list", "element") : List.of(form.name);
  }

  /** Its part of the schema: itself, or a list of three levels. */
  void describe(List<SchemaElement> schema) {
    if (form.shape == Shape.LIST) {
      SchemaElement list = new SchemaElement(form.name);
      list.setRepetition_type(FieldRepetitionType.REQUIRED);
      list.setNum_children(1);
      list.setConverted_type(ConvertedType.LIST);
      list.setLogicalType(LogicalTypes.LIST);
      SchemaElement repeated = new SchemaElement("list");
      repeated.setRepetition_type(FieldRepetitionType.REPEATED);
      repeated.setNum_children(1);
      schema.add(list);
      schema.add(repeated);
    }
    SchemaElement leaf = new SchemaElement(form.shape == Shape.LIST ? "element" : form.name);
    leaf.setType(form.kind.type);
    leaf.setRepetition_type(
        form.shape == Shape.OPTIONAL ? FieldRepetitionType.OPTIONAL : FieldRepetitionType.REQUIRED);
    if (form.kind == Kind.TIME) {
      leaf.setConverted_type(ConvertedType.TIMESTAMP_MICROS);
      leaf.setLogicalType(
          LogicalType.TIMESTAMP(new TimestampType(true, TimeUnit.MICROS(new MicroSeconds()))));
    } else if (form.kind == Kind.TEXT) {
      leaf.setConverted_type(ConvertedType.UTF8);
      leaf.setLogicalType(LogicalTypes.UTF8);
    }
    schema.add(leaf);
  }
}
