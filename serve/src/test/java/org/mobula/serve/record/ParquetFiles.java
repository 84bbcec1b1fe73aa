package org.mobula.serve.record;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Util;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * Reads Parquet files whole; levels, values and records are decoded by Apache Parquet's own
 * readers.
 */
public final class ParquetFiles {
  private ParquetFiles() {}

  /** The rows of all files of a folder that have their final names, in the order of the names. */
  public static List<Map<String, Object>> readAll(Path folder) throws IOException {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Path file : files(folder)) {
      rows.addAll(read(file));
    }
    return rows;
  }

  /** Files of a folder that have their final names. */
  public static List<Path> files(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".parquet")).sorted().toList();
    }
  }

  /** The rows of a file; what is null is left out. */
  static List<Map<String, Object>> read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int end = bytes.length - 8;
    if (!magic(bytes, 0) || !magic(bytes, end + 4)) {
      throw new IOException(file + " is incomplete");
    }
    int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
    FileMetaData meta =
        Util.readFileMetaData(new ByteArrayInputStream(bytes, end - length, length));
    MessageType schema = schema(meta.getSchema());
    List<Map<String, Object>> rows = new ArrayList<>();
    for (RowGroup group : meta.getRow_groups()) {
      RecordReader<Group> reader =
          new ColumnIOFactory()
              .getColumnIO(schema)
              .getRecordReader(new Pages(bytes, group), new GroupRecordConverter(schema));
      for (long i = 0; i < group.getNum_rows(); i++) {
        rows.add(row(reader.read()));
      }
    }
    if (rows.size() != meta.getNum_rows()) {
      throw new IOException(file + " has " + rows.size() + " rows, not " + meta.getNum_rows());
    }
    return rows;
  }

  private static boolean magic(byte[] bytes, int at) {
    return new String(bytes, at, 4, StandardCharsets.US_ASCII).equals("PAR1");
  }

  private static MessageType schema(List<SchemaElement> elements) {
    Queue<SchemaElement> queue = new ArrayDeque<>(elements);
    int columns = queue.remove().getNum_children();
    List<Type> fields = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      fields.add(type(queue));
    }
    return new MessageType("row", fields);
  }

  private static Type type(Queue<SchemaElement> queue) {
    SchemaElement element = queue.remove();
    Type.Repetition repetition = Type.Repetition.valueOf(element.getRepetition_type().name());
    if (element.isSetNum_children()) {
      return new GroupType(repetition, element.getName(), type(queue));
    }
    String physical = element.getType().name().replace("BYTE_ARRAY", "BINARY");
    return new PrimitiveType(
        repetition, PrimitiveType.PrimitiveTypeName.valueOf(physical), element.getName());
  }

  private static Map<String, Object> row(Group group) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (Type field : group.getType().getFields()) {
      String name = field.getName();
      if (group.getFieldRepetitionCount(name) == 0) {
        continue;
      }
      if (field.isPrimitive()) {
        row.put(name, value(group, name, 0));
        continue;
      }
      Group list = group.getGroup(name, 0);
      List<Object> elements = new ArrayList<>();
      for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
        elements.add(value(list.getGroup(0, i), "element", 0));
      }
      row.put(name, elements);
    }
    return row;
  }

  private static Object value(Group group, String name, int index) {
    return switch (group.getType().getType(name).asPrimitiveType().getPrimitiveTypeName()) {
      case INT32 -> group.getInteger(name, index);
      case INT64 -> group.getLong(name, index);
      case FLOAT -> group.getFloat(name, index);
      case DOUBLE -> group.getDouble(name, index);
      case BOOLEAN -> group.getBoolean(name, index);
      default -> group.getString(name, index);
    };
  }

  /** The pages of a row group. */
  private static final class Pages implements PageReadStore {
    private final Map<List<String>, Queue<DataPage>> pages = new HashMap<>();
    private final Map<List<String>, Long> counts = new HashMap<>();
    private final long rows;

    Pages(byte[] file, RowGroup group) throws IOException {
      rows = group.getNum_rows();
      for (ColumnChunk chunk : group.getColumns()) {
        ColumnMetaData meta = chunk.getMeta_data();
        int from = Math.toIntExact(meta.getData_page_offset());
        int length = Math.toIntExact(meta.getTotal_compressed_size());
        ByteArrayInputStream in = new ByteArrayInputStream(file, from, length);
        Queue<DataPage> queue = new ArrayDeque<>();
        long uncompressed = 0;
        while (in.available() > 0) {
          int before = in.available();
          PageHeader header = Util.readPageHeader(in);
          uncompressed += before - in.available() + header.getUncompressed_page_size();
          byte[] compressed = in.readNBytes(header.getCompressed_page_size());
          byte[] body = new GZIPInputStream(new ByteArrayInputStream(compressed)).readAllBytes();
          if (body.length != header.getUncompressed_page_size()) {
            throw new IOException("a page has " + body.length + " bytes: " + header);
          }
          queue.add(
              new DataPageV1(
                  BytesInput.from(body),
                  header.getData_page_header().getNum_values(),
                  body.length,
                  null,
                  Encoding.RLE,
                  Encoding.RLE,
                  Encoding.PLAIN));
        }
        if (uncompressed != meta.getTotal_uncompressed_size()) {
          throw new IOException("a column has " + uncompressed + " bytes: " + meta);
        }
        pages.put(meta.getPath_in_schema(), queue);
        counts.put(meta.getPath_in_schema(), meta.getNum_values());
      }
    }

    @Override
    public long getRowCount() {
      return rows;
    }

    @Override
    public PageReader getPageReader(ColumnDescriptor column) {
      List<String> path = Arrays.asList(column.getPath());
      return new PageReader() {
        @Override
        public @Nullable DictionaryPage readDictionaryPage() {
          return null;
        }

        @Override
        public long getTotalValueCount() {
          return Objects.requireNonNull(counts.get(path));
        }

        @Override
        public @Nullable DataPage readPage() {
          return Objects.requireNonNull(pages.get(path)).poll();
        }
      };
    }
  }
}
