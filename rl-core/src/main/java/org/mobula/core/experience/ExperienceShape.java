package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.mobula.core.experience.ReplayShape.Encoding;

/**
 * The width of what is kept of one step of one environment.
 *
 * @param observationSize numbers of an observation as the environment writes it
 * @param encoding of the observations
 * @param actionSize numbers of an action
 * @param maskSize flags of an action mask; 0 where actions are not masked
 * @param columns that the algorithm adds
 */
public record ExperienceShape(
    int observationSize, Encoding encoding, int actionSize, int maskSize, List<Column> columns)
    implements Serializable {

  /**
   * A column of an algorithm's own: what its acting half notes for its learning half.
   *
   * @param name that both halves know it by, such as {@code log-probability}
   * @param width numbers of a row
   * @param afterLast whether it has rows for the observations after the last step, too
   */
  public record Column(String name, int width, boolean afterLast) implements Serializable {}

  /** Checks the names. */
  public ExperienceShape {
    columns = List.copyOf(columns);
    if (columns.stream().map(Column::name).distinct().count() < columns.size()) {
      throw new IllegalArgumentException("two of the columns " + columns + " have one name");
    }
  }

  /** Of observations that are kept as floats. */
  public ExperienceShape(int observationSize, int actionSize, int maskSize, List<Column> columns) {
    this(observationSize, Encoding.FLOAT, actionSize, maskSize, columns);
  }

  /** Writes what {@link #read} reads. */
  public void write(DataOutput out) throws IOException {
    // Below zero for bytes, of which there were none at first.
    out.writeInt(encoding == Encoding.BYTE ? -observationSize : observationSize);
    out.writeInt(actionSize);
    out.writeInt(maskSize);
    out.writeInt(columns.size());
    for (Column column : columns) {
      out.writeUTF(column.name());
      out.writeInt(column.width());
      out.writeBoolean(column.afterLast());
    }
  }

  /** Reads what {@link #write} wrote. */
  public static ExperienceShape read(DataInput in) throws IOException {
    int observationSize = in.readInt();
    int actionSize = in.readInt();
    int maskSize = in.readInt();
    int count = in.readInt();
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      columns.add(new Column(in.readUTF(), in.readInt(), in.readBoolean()));
    }
    return new ExperienceShape(
        Math.abs(observationSize),
        observationSize < 0 ? Encoding.BYTE : Encoding.FLOAT,
        actionSize,
        maskSize,
        columns);
  }
}
