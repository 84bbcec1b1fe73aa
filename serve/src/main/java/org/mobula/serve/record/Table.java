package org.mobula.serve.record;

import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mobula.core.parquet.ParquetColumn.Form;
import org.mobula.core.parquet.ParquetColumn.Kind;
import org.mobula.core.parquet.ParquetColumn.Shape;
import org.mobula.core.parquet.ParquetTable;
import org.mobula.core.recording.RecordingSchema;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

/** Rows that will be one file of one row group, held in memory until then. */
final class Table {
  private final Entry first;
  private final ParquetTable table;

  private Table(Entry first, List<Form> forms) {
    this.first = first;
    this.table = new ParquetTable(forms);
  }

  /**
   * An empty table for such rows.
   *
   * @throws IllegalArgumentException if a tensor is of a datatype that has no column
   */
  static Table of(Entry first) {
    return new Table(first, forms(first));
  }

  private static List<Form> forms(Entry entry) {
    if (!(entry instanceof Entry.Steps steps)) {
      return RecordingSchema.REWARD;
    }
    List<Form> forms = new ArrayList<>(RecordingSchema.STEP);
    Set<String> names = new HashSet<>();
    RecordingSchema.STEP.forEach(form -> names.add(form.name()));
    for (List<Tensor> tensors : List.of(steps.inputs(), steps.outputs())) {
      for (Tensor tensor : tensors) {
        String name = tensor.name();
        while (!names.add(name)) { // an output named as an input, or as one of ours
          name += "_";
        }
        Shape shape = tensor.shape().length == 1 ? Shape.SINGLE : Shape.LIST;
        forms.add(new Form(name, kind(tensor), shape));
      }
    }
    return forms;
  }

  private static Kind kind(Tensor tensor) {
    Datatype datatype = tensor.datatype();
    return switch (datatype) {
      case BOOL, INT8, INT16, INT32 -> Kind.INT32;
      case INT64 -> Kind.INT64;
      case FP32 -> Kind.FLOAT;
      case FP64 -> Kind.DOUBLE;
      case BYTES -> Kind.TEXT;
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
        || (steps.metadata().equals(like.metadata())
            && areAlike(steps.inputs(), like.inputs())
            && areAlike(steps.outputs(), like.outputs()));
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
        table.column(0).add(reward.id());
        table.column(1).add(reward.row());
        table.column(2).add(rewards.timeMicros());
        table.column(3).add(reward.reward());
        table.column(4).add(reward.terminated());
        table.column(5).add(reward.truncated());
        table.endRow();
      }
    }
  }

  private void add(Entry.Steps steps, int row) {
    table.column(0).add(steps.id());
    table.column(1).add(row);
    table.column(2).add(steps.timeMicros());
    table.column(3).add(steps.model());
    table.column(4).add(steps.version());
    table.column(5).add(steps.session());
    table.column(6).add(steps.requestId());
    table.column(7).add(steps.deterministic());
    int column = RecordingSchema.STEP.size();
    for (List<Tensor> tensors : List.of(steps.inputs(), steps.outputs())) {
      for (Tensor tensor : tensors) {
        int size = Array.getLength(tensor.data()) / tensor.rows();
        table.column(column++).add(tensor.data(), row * size, size);
      }
    }
    table.endRow();
  }

  int rows() {
    return table.rows();
  }

  /** Bytes that it holds in memory, which are more than its file will have. */
  long bytes() {
    return table.bytes();
  }

  /**
   * Writes the file under a name that no reader takes, and then renames it. The table takes no more
   * after that.
   *
   * @throws IOException if there is no room; then there is no file
   */
  void write(Path file) throws IOException {
    table.write(file, first instanceof Entry.Steps steps ? steps.metadata() : Map.of());
  }
}
