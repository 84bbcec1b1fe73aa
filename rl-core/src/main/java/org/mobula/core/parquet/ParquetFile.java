package org.mobula.core.parquet;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.example.DummyRecordConverter;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Util;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/**
 * A Parquet file that is read by columns, one row group after the other. Levels and values are
 * decoded by Apache Parquet's own column reader, which knows every encoding; pages are found and
 * decompressed here. Columns hold a number, a truth or a text in each row, or none, or a list of
 * such.
 */
public final class ParquetFile implements Closeable {
  private static final int TAIL = Integer.BYTES + ParquetTable.MAGIC.length;
  private static final int LARGEST_FOOTER = 64 << 20;

  private final Path path;
  private final FileChannel channel;
  private final FileMetaData meta;
  private final Map<String, Type> columns = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private ParquetFile(Path path, FileChannel channel, FileMetaData meta) throws IOException {
    this.path = path;
    this.channel = channel;
    this.meta = meta;
    Schema schema = new Schema(meta.getSchema());
    for (Type column : schema.columns()) {
      columns.put(column.getName(), column);
    }
    if (meta.isSetKey_value_metadata()) {
      for (KeyValue pair : meta.getKey_value_metadata()) {
        if (pair.isSetValue()) {
          metadata.put(pair.getKey(), pair.getValue());
        }
      }
    }
  }

  /**
   * Opens a file and reads what it says of itself.
   *
   * @throws IOException if it is no Parquet file, cut off, or encrypted
   */
  public static ParquetFile open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return new ParquetFile(path, channel, footer(path, channel));
    } catch (RuntimeException e) {
      channel.close();
      throw broken(path, e);
    } catch (IOException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static FileMetaData footer(Path path, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < ParquetTable.MAGIC.length + TAIL) {
      throw new IOException(
          "%s has %s bytes and is no Parquet file, or is not complete; leave it out"
              .formatted(path, size));
    }
    ByteBuffer tail = read(channel, size - TAIL, TAIL);
    int length = tail.getInt();
    byte[] magic = new byte[ParquetTable.MAGIC.length];
    tail.get(magic);
    if (!Arrays.equals(magic, ParquetTable.MAGIC)) {
      throw new IOException(
          Arrays.equals(magic, new byte[] {'P', 'A', 'R', 'E'})
              ? path + " is encrypted; write it without encryption"
              : path + " does not end as a Parquet file does, or is not complete; leave it out");
    }
    if (length < 0 || length > LARGEST_FOOTER || length > size - ParquetTable.MAGIC.length - TAIL) {
      throw new IOException(
          "%s has a footer of %s bytes, which is more than it can have; write the file anew"
              .formatted(path, length));
    }
    byte[] bytes = read(channel, size - TAIL - length, length).array();
    try {
      return Util.readFileMetaData(new ByteArrayInputStream(bytes));
    } catch (IOException | RuntimeException e) {
      throw broken(path, e);
    }
  }

  private static ByteBuffer read(FileChannel channel, long from, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new IOException("the file ends at " + channel.size() + " but has to go on");
      }
    }
    return buffer.flip();
  }

  private static IOException broken(Path path, Exception cause) {
    return new IOException(
        "%s cannot be read as Parquet: %s".formatted(path, cause.getMessage()), cause);
  }

  /** The names of the columns, in the order of the file. */
  public List<String> columns() {
    return List.copyOf(columns.keySet());
  }

  /** What the writer says of the file, by key. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** How many rows there are. */
  public long rows() {
    return meta.getNum_rows();
  }

  /** How many row groups there are. */
  public int groups() {
    return meta.getRow_groups().size();
  }

  /** How many rows a group has. */
  public int rows(int group) {
    return Math.toIntExact(meta.getRow_groups().get(group).getNum_rows());
  }

  /**
   * Reads a column of a row group.
   *
   * @throws IOException if it is broken, compressed in a way that is not read, or of another form
   *     than a column of numbers, truths, texts or lists of such
   * @throws IllegalArgumentException if there is no such column
   */
  public ParquetValues read(int group, String column) throws IOException {
    Type type = columns.get(column);
    if (type == null) {
      throw new IllegalArgumentException(
          "%s has no column '%s'; it has %s".formatted(path, column, columns.keySet()));
    }
    MessageType schema = new MessageType("row", type);
    ColumnDescriptor leaf = schema.getColumns().get(0);
    if (schema.getColumns().size() != 1 || leaf.getMaxRepetitionLevel() > 1) {
      throw new IOException(
          "column '%s' of %s is a structure or a list of lists; write a list of numbers, row-major"
              .formatted(column, path));
    }
    RowGroup rows = meta.getRow_groups().get(group);
    try {
      ColumnPages pages = new ColumnPages(chunk(rows, leaf), rows.getNum_rows());
      ColumnReadStoreImpl store =
          new ColumnReadStoreImpl(
              pages,
              new DummyRecordConverter(schema).getRootConverter(),
              schema,
              meta.isSetCreated_by() ? meta.getCreated_by() : null);
      ParquetValues values =
          ParquetValues.read(
              column, leaf, store.getColumnReader(leaf), pages.getTotalValueCount(), rows(group));
      if (values.rows() != rows(group)) {
        throw new ParquetDecodingException(
            "column '%s' has %s rows, not %s".formatted(column, values.rows(), rows(group)));
      }
      return values;
    } catch (IOException | RuntimeException e) {
      throw broken(path, e);
    }
  }

  private ColumnPages.Chunk chunk(RowGroup rows, ColumnDescriptor leaf) throws IOException {
    for (ColumnChunk chunk : rows.getColumns()) {
      ColumnMetaData column = Objects.requireNonNull(chunk.getMeta_data());
      if (!column.getPath_in_schema().equals(List.of(leaf.getPath()))) {
        continue;
      }
      if (chunk.isSetFile_path()) {
        throw new IOException(
            "column '%s' lies in another file, %s; write whole files"
                .formatted(leaf.getPath()[0], chunk.getFile_path()));
      }
      long from = column.getData_page_offset();
      if (column.isSetDictionary_page_offset() && column.getDictionary_page_offset() > 0) {
        from = Math.min(from, column.getDictionary_page_offset());
      }
      long length = column.getTotal_compressed_size();
      if (from < 0 || length < 0 || length > channel.size() - from) {
        throw new IOException(
            "column '%s' should have %s bytes from %s on, but the file has %s"
                .formatted(leaf.getPath()[0], length, from, channel.size()));
      }
      byte[] bytes = read(channel, from, Math.toIntExact(length)).array();
      return new ColumnPages.Chunk(bytes, column.getCodec(), column.getNum_values());
    }
    throw new IOException("column '" + leaf.getPath()[0] + "' is missing in a row group");
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** The schema as a tree, from the elements in the order of a walk. */
  private static final class Schema {
    private final List<SchemaElement> elements;
    private int next;

    Schema(List<SchemaElement> elements) {
      this.elements = elements;
    }

    List<Type> columns() throws IOException {
      return types(take());
    }

    private SchemaElement take() throws IOException {
      if (next == elements.size()) {
        throw new IOException("the schema of the file ends too early");
      }
      return elements.get(next++);
    }

    private List<Type> types(SchemaElement group) throws IOException {
      List<Type> types = new ArrayList<>();
      for (int i = 0; i < group.getNum_children(); i++) {
        types.add(type());
      }
      return types;
    }

    private Type type() throws IOException {
      SchemaElement element = take();
      Type.Repetition repetition = Type.Repetition.valueOf(element.getRepetition_type().name());
      if (element.getNum_children() > 0) {
        return new GroupType(repetition, element.getName(), types(element));
      }
      PrimitiveType.PrimitiveTypeName physical =
          switch (element.getType()) {
            case BOOLEAN -> PrimitiveType.PrimitiveTypeName.BOOLEAN;
            case INT32 -> PrimitiveType.PrimitiveTypeName.INT32;
            case INT64 -> PrimitiveType.PrimitiveTypeName.INT64;
            case INT96 -> PrimitiveType.PrimitiveTypeName.INT96;
            case FLOAT -> PrimitiveType.PrimitiveTypeName.FLOAT;
            case DOUBLE -> PrimitiveType.PrimitiveTypeName.DOUBLE;
            case BYTE_ARRAY -> PrimitiveType.PrimitiveTypeName.BINARY;
            case FIXED_LEN_BYTE_ARRAY -> PrimitiveType.PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY;
          };
      return new PrimitiveType(
          repetition, physical, Math.max(1, element.getType_length()), element.getName());
    }
  }
}
