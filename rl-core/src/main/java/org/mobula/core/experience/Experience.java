package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What happened to several environments over the same number of steps, in columns, as it happened:
 * observations as the environments wrote them, actions as the policy gave them, rewards in the
 * environments' unit. Whatever else an algorithm wants is a column that it asked for. Scaling is
 * the business of whoever uses the numbers.
 *
 * <p>Arrays are {@code [step][environment]} or {@code [step][environment][number]}, row-major; a
 * row is {@code step · environments + environment}. Made once and filled again by each collection.
 */
public final class Experience implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int NONE = -1;
  private static final int BUFFER = 1 << 16;

  /** The width of the rows. */
  public final ExperienceShape shape;

  /** Steps of each environment. */
  public final int steps;

  /** Number of environments. */
  public final int environments;

  /**
   * Observations that the actions answered, {@code [steps + 1][environment][number]}, as bytes
   * where the space is {@linkplain org.mobula.core.space.Box#bytes of bytes}: the last rows are
   * those after the last step. Where an episode ended, the next row's observation is the first of
   * another one.
   */
  public final RowColumn observations;

  /**
   * Allowed choices at each of the observations, {@code [steps + 1][environment][choice]}; empty
   * where actions are not masked.
   */
  public final boolean[] masks;

  /**
   * Actions as the policy gave them, before they are scaled and clipped for the environment, {@code
   * [step][environment][number]}.
   */
  public final float[] actions;

  /** Rewards as the environment gave them. */
  public final float[] rewards;

  /** Episodes that came to an end of their own in this step. */
  public final boolean[] terminated;

  /** Episodes that were cut off in this step. */
  public final boolean[] truncated;

  /** Episodes that were over within these steps, in the order of their end. */
  public final EpisodeLog episodes = new EpisodeLog();

  /**
   * Statistics of the flattened observations that were answered, before normalisation; null unless
   * they are wanted.
   */
  public @Nullable RunningStatistics observationStatistics;

  /** Version of the parameters that acted. */
  public long parameterVersion;

  private final float[][] columns;

  /** For each row the place of its final observation among those, or none. */
  private final int[] finalPlaces;

  private RowColumn finals;
  private boolean[] finalMasks = {};
  private int finalCount;

  /** Nothing yet. */
  public Experience(ExperienceShape shape, int steps, int environments) {
    int rows = Math.multiplyExact(steps, environments);
    int rowsAndLast = Math.addExact(rows, environments);
    this.shape = shape;
    this.steps = steps;
    this.environments = environments;
    this.observations = new RowColumn(rowsAndLast, shape.observationSize(), shape.encoding());
    this.finals = new RowColumn(0, shape.observationSize(), shape.encoding());
    this.masks = new boolean[Math.multiplyExact(rowsAndLast, shape.maskSize())];
    this.actions = new float[Math.multiplyExact(rows, shape.actionSize())];
    this.rewards = new float[rows];
    this.terminated = new boolean[rows];
    this.truncated = new boolean[rows];
    this.finalPlaces = new int[rows];
    this.columns = new float[shape.columns().size()][];
    for (int i = 0; i < columns.length; i++) {
      ExperienceShape.Column column = shape.columns().get(i);
      columns[i] =
          new float[Math.multiplyExact(column.afterLast() ? rowsAndLast : rows, column.width())];
    }
    clear();
  }

  /** Rows of the columns: steps times environments. */
  public int rows() {
    return steps * environments;
  }

  /**
   * A column that the algorithm asked for, {@code [step][environment][number]}; with one step more
   * where it has rows after the last.
   *
   * @throws IllegalArgumentException if nobody asked for it
   */
  public float[] column(String name) {
    for (int i = 0; i < columns.length; i++) {
      if (shape.columns().get(i).name().equals(name)) {
        return columns[i];
      }
    }
    throw new IllegalArgumentException(
        "the experience has no column '%s'; its algorithm asked for %s"
            .formatted(name, shape.columns().stream().map(ExperienceShape.Column::name).toList()));
  }

  /** Forgets episodes, final observations and statistics, before the columns are filled again. */
  public void clear() {
    episodes.clear();
    observationStatistics = null;
    finalCount = 0;
    Arrays.fill(finalPlaces, NONE);
  }

  /**
   * Keeps the observation that an episode ended with, where everything was allowed.
   *
   * @param row of its last step
   * @param source an array of observations
   * @param offset of the final one
   */
  public void addFinalObservation(int row, float[] source, int offset) {
    int place = nextFinal(row);
    finals.set(place, source, offset);
    Arrays.fill(finalMasks, finalMask(row), finalMask(row) + shape.maskSize(), true);
  }

  /**
   * Keeps the observation that an episode ended with, and what was allowed there.
   *
   * @param row of its last step
   * @param source an array of observations
   * @param offset of the final one
   * @param masks an array of masks; not read where actions are not masked
   * @param maskOffset of the mask at the final observation
   */
  public void addFinalObservation(
      int row, float[] source, int offset, boolean[] masks, int maskOffset) {
    int place = nextFinal(row);
    finals.set(place, source, offset);
    System.arraycopy(masks, maskOffset, finalMasks, finalMask(row), shape.maskSize());
  }

  private int nextFinal(int row) {
    if (finalCount == finals.rows()) {
      finals = finals.grown(Math.max(1, 2 * finalCount));
      finalMasks = Arrays.copyOf(finalMasks, finals.rows() * shape.maskSize());
    }
    finalPlaces[row] = finalCount++;
    return finalPlaces[row];
  }

  /**
   * The row of {@link #finalObservations} that an episode ended with in this row; −1 if none did.
   * That of an episode which terminated may hold what is no number: nothing follows from it.
   */
  public int finalObservation(int row) {
    return finalPlaces[row];
  }

  /** Observations that episodes ended with; good until another one is added. */
  public RowColumn finalObservations() {
    return finals;
  }

  /**
   * Where in {@link #finalMasks} the mask begins that held at the observation that an episode ended
   * with in this row, in which one did.
   */
  public int finalMask(int row) {
    return finalPlaces[row] * shape.maskSize();
  }

  /**
   * What was allowed at the {@linkplain #finalObservations final observations}: everything where
   * the environment forbids nothing, and of no account where the episode terminated; good until
   * another one is added.
   */
  public boolean[] finalMasks() {
    return finalMasks;
  }

  /**
   * Copies experience of fewer environments into this one, beside what is already there: a worker's
   * share of the whole.
   *
   * @param firstEnvironment where the part's first environment comes to lie
   */
  public void place(Experience part, int firstEnvironment) {
    if (part.steps != steps || firstEnvironment + part.environments > environments) {
      throw new IllegalArgumentException(
          "a part of "
              + part.steps
              + " steps and "
              + part.environments
              + " environments does not"
              + " fit at "
              + firstEnvironment
              + " into "
              + steps
              + " steps and "
              + environments);
    }
    for (int row = 0; row < part.observations.rows(); row++) {
      observations.set(row(part, row, firstEnvironment), part.observations, row, 0);
    }
    place(part, firstEnvironment, part.masks, masks, shape.maskSize());
    place(part, firstEnvironment, part.actions, actions, shape.actionSize());
    place(part, firstEnvironment, part.rewards, rewards, 1);
    place(part, firstEnvironment, part.terminated, terminated, 1);
    place(part, firstEnvironment, part.truncated, truncated, 1);
    for (int i = 0; i < columns.length; i++) {
      place(part, firstEnvironment, part.columns[i], columns[i], shape.columns().get(i).width());
    }
    for (int row = 0; row < part.rows(); row++) {
      int last = part.finalObservation(row);
      if (last >= 0) {
        int placed = row(part, row, firstEnvironment);
        int place = nextFinal(placed);
        finals.set(place, part.finals, last, 0);
        System.arraycopy(
            part.finalMasks, part.finalMask(row), finalMasks, finalMask(placed), shape.maskSize());
      }
    }
    episodes.addAll(part.episodes);
  }

  /** Where a part's row comes to lie. */
  private int row(Experience part, int row, int firstEnvironment) {
    return row / part.environments * environments + firstEnvironment + row % part.environments;
  }

  private void place(
      Experience part, int firstEnvironment, float[] source, float[] target, int width) {
    int length = part.environments * width;
    for (int from = 0, step = 0; from < source.length; from += length, step++) {
      int to = (step * environments + firstEnvironment) * width;
      System.arraycopy(source, from, target, to, length);
    }
  }

  private void place(
      Experience part, int firstEnvironment, boolean[] source, boolean[] target, int width) {
    int length = part.environments * width;
    for (int from = 0, step = 0; from < source.length; from += length, step++) {
      int to = (step * environments + firstEnvironment) * width;
      System.arraycopy(source, from, target, to, length);
    }
  }

  /** Writes all that {@link #readState} needs: the columns, the episodes and the statistics. */
  public void writeState(DataOutput out) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (float[] column : columns) {
      RowColumn.writeFloats(column, column.length, out, buffer);
    }
    observations.write(out, observations.rows(), buffer);
    RowColumn.writeFloats(actions, actions.length, out, buffer);
    RowColumn.writeFloats(rewards, rewards.length, out, buffer);
    for (boolean[] column : flags()) {
      for (boolean flag : column) {
        out.writeBoolean(flag);
      }
    }
    for (int place : finalPlaces) {
      out.writeInt(place);
    }
    out.writeInt(finalCount);
    finals.write(out, finalCount, buffer);
    for (int i = 0; i < finalCount * shape.maskSize(); i++) {
      out.writeBoolean(finalMasks[i]);
    }
    episodes.writeState(out);
    RunningStatistics statistics = observationStatistics;
    out.writeInt(statistics == null ? 0 : statistics.size());
    if (statistics != null) {
      statistics.writeState(out);
    }
    out.writeLong(parameterVersion);
  }

  /** Reads what {@link #writeState} wrote, into experience of the same dimensions. */
  public void readState(DataInput in) throws IOException {
    readState(in, true);
  }

  /**
   * As {@link #readState(DataInput)}, in one of its forms.
   *
   * @param withFinalMasks whether the masks of final observations were written, as they were not at
   *     first: then everything was allowed there
   */
  public void readState(DataInput in, boolean withFinalMasks) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (float[] column : columns) {
      RowColumn.readFloats(column, column.length, in, buffer);
    }
    observations.read(in, observations.rows(), buffer);
    RowColumn.readFloats(actions, actions.length, in, buffer);
    RowColumn.readFloats(rewards, rewards.length, in, buffer);
    for (boolean[] column : flags()) {
      for (int i = 0; i < column.length; i++) {
        column[i] = in.readBoolean();
      }
    }
    for (int row = 0; row < finalPlaces.length; row++) {
      finalPlaces[row] = in.readInt();
    }
    finalCount = in.readInt();
    finals = new RowColumn(finalCount, shape.observationSize(), shape.encoding());
    finals.read(in, finalCount, buffer);
    finalMasks = new boolean[finalCount * shape.maskSize()];
    for (int i = 0; i < finalMasks.length; i++) {
      finalMasks[i] = !withFinalMasks || in.readBoolean();
    }
    episodes.readState(in);
    observationStatistics = null;
    int features = in.readInt();
    if (features > 0) {
      RunningStatistics statistics = new RunningStatistics(features);
      statistics.readState(in);
      observationStatistics = statistics;
    }
    parameterVersion = in.readLong();
  }

  private boolean[][] flags() {
    return new boolean[][] {masks, terminated, truncated};
  }
}
