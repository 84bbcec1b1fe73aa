package org.mobula.core.parquet;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Util;

/**
 * Rows that will be one Parquet file of one row group, held in memory until then. A row is a value
 * (or none, or a list) added to each {@linkplain #column column}, and then {@link #endRow}.
 */
public final class ParquetTable {
  /** How names of files end that are not complete; they begin with a dot too. */
  public static final String PART = ".part";

  static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private final List<ParquetColumn> columns;
  private int rows;

  /** An empty table with these columns. */
  public ParquetTable(List<ParquetColumn.Form> forms) {
    columns = forms.stream().map(ParquetColumn::new).toList();
  }

  /** The column with this index, in the order of the forms. */
  public ParquetColumn column(int index) {
    return columns.get(index);
  }

  /** Every column has got what this row adds to it. */
  public void endRow() {
    rows++;
  }

  /** How many rows there are. */
  public int rows() {
    return rows;
  }

  /** Bytes that it holds in memory, which are more than its file will have. */
  public long bytes() {
    long bytes = 0;
    for (ParquetColumn column : columns) {
      bytes += column.bytes();
    }
    return bytes;
  }

  /**
   * Writes the file under a name that no reader takes, and then renames it. The table takes no more
   * after that.
   *
   * @param metadata of the file, by key
   * @throws IOException if there is no room; then there is no file
   */
  public void write(Path file, Map<String, String> metadata) throws IOException {
    Path part = file.resolveSibling("." + file.getFileName() + PART);
    try {
      try (FileChannel channel =
              FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
        write(out, metadata);
        out.flush();
        channel.force(true); // else a power cut could leave the name without the content
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(part);
      throw e;
    }
  }

  private void write(OutputStream out, Map<String, String> metadata) throws IOException {
    List<SchemaElement> schema = new ArrayList<>();
    SchemaElement root = new SchemaElement("row");
    root.setNum_children(columns.size());
    schema.add(root);
    columns.forEach(column -> column.describe(schema));

    out.write(MAGIC);
    long offset = MAGIC.length;
    long uncompressedBytes = 0;
    List<ColumnChunk> chunks = new ArrayList<>();
    for (ParquetColumn column : columns) {
      ColumnChunk chunk = column.write(out, offset);
      offset += chunk.getMeta_data().getTotal_compressed_size();
      uncompressedBytes += chunk.getMeta_data().getTotal_uncompressed_size();
      chunks.add(chunk);
    }
    RowGroup group = new RowGroup(chunks, uncompressedBytes, rows);
    FileMetaData meta = new FileMetaData(1, schema, rows, List.of(group));
    meta.setCreated_by("mobula");
    metadata.forEach((key, value) -> meta.addToKey_value_metadata(keyValue(key, value)));
    ByteArrayOutputStream footer = new ByteArrayOutputStream();
    Util.writeFileMetaData(meta, footer);
    footer.writeTo(out);
    out.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(footer.size()).array());
    out.write(MAGIC);
  }

  private static KeyValue keyValue(String key, String value) {
    KeyValue pair = new KeyValue(key);
    pair.setValue(value);
    return pair;
  }
}
