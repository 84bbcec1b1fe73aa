package org.mobula.serve.record;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Array;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

/** Rows that will be one file of one row group, held in memory until then. */
final class Table {
  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
  private static final List<Column.Form> STEP =
      List.of(
          text("id", Column.Shape.SINGLE),
          new Column.Form("row", Type.INT32),
          new Column.Form("time", Type.INT64, Column.Shape.SINGLE, true),
          text("model", Column.Shape.SINGLE),
          text("version", Column.Shape.SINGLE),
          text("session", Column.Shape.OPTIONAL),
          text("request_id", Column.Shape.OPTIONAL),
          new Column.Form("deterministic", Type.BOOLEAN));
  private static final List<Column.Form> REWARD =
      List.of(
          text("id", Column.Shape.SINGLE),
          new Column.Form("row", Type.INT32),
          new Column.Form("time", Type.INT64, Column.Shape.SINGLE, true),
          new Column.Form("reward", Type.DOUBLE),
          new Column.Form("terminated", Type.BOOLEAN),
          new Column.Form("truncated", Type.BOOLEAN));

  private final Entry first;
  private final List<Column> columns;
  private int rows;

  private Table(Entry first, List<Column.Form> forms) {
    this.first = first;
    this.columns = forms.stream().map(Column::new).toList();
  }

  /**
   * An empty table for such rows.
   *
   * @throws IllegalArgumentException if a tensor is of a datatype that has no column
   */
  static Table of(Entry first) {
    return new Table(first, forms(first));
  }

  private static Column.Form text(String name, Column.Shape shape) {
    return new Column.Form(name, Type.BYTE_ARRAY, shape, false);
  }

  private static List<Column.Form> forms(Entry entry) {
    if (!(entry instanceof Entry.Steps steps)) {
      return REWARD;
    }
    List<Column.Form> forms = new ArrayList<>(STEP);
    Set<String> names = new HashSet<>();
    STEP.forEach(form -> names.add(form.name()));
    for (List<Tensor> tensors : List.of(steps.inputs(), steps.outputs())) {
      for (Tensor tensor : tensors) {
        String name = tensor.name();
        while (!names.add(name)) { // an output named as an input, or as one of ours
          name += "_";
        }
        Column.Shape shape = tensor.shape().length == 1 ? Column.Shape.SINGLE : Column.Shape.LIST;
        forms.add(new Column.Form(name, type(tensor), shape, false));
      }
    }
    return forms;
  }

  private static Type type(Tensor tensor) {
    Datatype datatype = tensor.datatype();
    return switch (datatype) {
      case BOOL, INT8, INT16, INT32 -> Type.INT32;
      case INT64 -> Type.INT64;
      case FP32 -> Type.FLOAT;
      case FP64 -> Type.DOUBLE;
      case BYTES -> Type.BYTE_ARRAY;
      case UINT8, UINT16, UINT32, UINT64, FP16, BF16 ->
          throw new IllegalArgumentException(
              "'%s' is of datatype %s, which cannot be recorded"
                  .formatted(tensor.name(), datatype));
    };
  }

  /** Whether rows have the columns of this table. */
  boolean fits(Entry entry) {
    return !(entry instanceof Entry.Steps steps)
        || !(first instanceof Entry.Steps like)
        || (areAlike(steps.inputs(), like.inputs()) && areAlike(steps.outputs(), like.outputs()));
  }

  private static boolean areAlike(List<Tensor> some, List<Tensor> others) {
    boolean alike = some.size() == others.size();
    for (int i = 0; alike && i < some.size(); i++) {
      Tensor one = some.get(i);
      Tensor other = others.get(i);
      alike =
          one.name().equals(other.name())
              && one.datatype() == other.datatype()
              && one.shape().length == other.shape().length;
    }
    return alike;
  }

  /** Adds rows that fit. */
  void add(Entry entry) {
    if (entry instanceof Entry.Steps steps) {
      for (int row = 0; row < steps.rows(); row++) {
        add(steps, row);
      }
    } else if (entry instanceof Entry.Rewards rewards) {
      for (Reward reward : rewards.rewards()) {
        columns.get(0).add(reward.id());
        columns.get(1).add(reward.row());
        columns.get(2).add(rewards.timeMicros());
        columns.get(3).add(reward.reward());
        columns.get(4).add(reward.terminated());
        columns.get(5).add(reward.truncated());
      }
    }
    rows += entry.rows();
  }

  private void add(Entry.Steps steps, int row) {
    columns.get(0).add(steps.id());
    columns.get(1).add(row);
    columns.get(2).add(steps.timeMicros());
    columns.get(3).add(steps.model());
    columns.get(4).add(steps.version());
    columns.get(5).add(steps.session());
    columns.get(6).add(steps.requestId());
    columns.get(7).add(steps.deterministic());
    int column = STEP.size();
    for (List<Tensor> tensors : List.of(steps.inputs(), steps.outputs())) {
      for (Tensor tensor : tensors) {
        int size = Array.getLength(tensor.data()) / tensor.rows();
        columns.get(column++).add(tensor.data(), row * size, size);
      }
    }
  }

  int rows() {
    return rows;
  }

  /** Bytes that it holds in memory, which are more than its file will have. */
  long bytes() {
    long bytes = 0;
    for (Column column : columns) {
      bytes += column.bytes();
    }
    return bytes;
  }

  /**
   * Writes the file under a name that no reader takes, and then renames it. The table takes no more
   * after that.
   *
   * @throws IOException if there is no room; then there is no file
   */
  void write(Path file) throws IOException {
    Path part = file.resolveSibling("." + file.getFileName() + Recorder.PART);
    try {
      try (FileChannel channel =
              FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
        write(out);
        out.flush();
        channel.force(true); // else a power cut could leave the name without the content
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(part);
      throw e;
    }
  }

  private void write(OutputStream out) throws IOException {
    List<SchemaElement> schema = new ArrayList<>();
    SchemaElement root = new SchemaElement("row");
    root.setNum_children(columns.size());
    schema.add(root);
    columns.forEach(column -> column.describe(schema));

    out.write(MAGIC);
    long offset = MAGIC.length;
    long uncompressedBytes = 0;
    List<ColumnChunk> chunks = new ArrayList<>();
    for (Column column : columns) {
      ColumnChunk chunk = column.write(out, offset);
      offset += chunk.getMeta_data().getTotal_compressed_size();
      uncompressedBytes += chunk.getMeta_data().getTotal_uncompressed_size();
      chunks.add(chunk);
    }
    RowGroup group = new RowGroup(chunks, uncompressedBytes, rows);
    FileMetaData meta = new FileMetaData(1, schema, rows, List.of(group));
    meta.setCreated_by("mobula");
    ByteArrayOutputStream footer = new ByteArrayOutputStream();
    Util.writeFileMetaData(meta, footer);
    footer.writeTo(out);
    out.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(footer.size()).array());
    out.write(MAGIC);
  }
}
