package org.mobula.core.recording;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.parquet.ParquetColumn;
import org.mobula.core.parquet.ParquetColumn.Form;
import org.mobula.core.parquet.ParquetColumn.Kind;
import org.mobula.core.parquet.ParquetColumn.Shape;
import org.mobula.core.parquet.ParquetTable;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * Writes episodes as Parquet files, in the columns of {@link RecordingSchema}: {@code
 * DIRECTORY/steps/*.parquet} and {@code DIRECTORY/rewards/*.parquet}. A file has its name once it
 * is complete; a file of the same name is replaced.
 *
 * <pre>{@code
 * try (RecordingWriter writer = RecordingWriter.open(directory, source, clock)) {
 *   writer.start(observation);
 *   writer.step(step);
 * }
 * }</pre>
 */
public final class RecordingWriter implements Closeable {
  private static final long TABLE_BYTES = 32L << 20;

  private final Path directory;
  private final Source source;
  private final InstantSource clock;
  private final long tableBytes;
  private final int[] starts;
  private final boolean realActions;
  private final Map<String, String> metadata;
  private ParquetTable steps;
  private ParquetTable rewards;
  private int files;
  private int episodes;

  // Of the episode that goes on.
  private String session = "";
  private float[] observation = {};
  private int step;

  /**
   * Where the rows come from.
   *
   * @param name of this recording among all of the model: its sessions, ids and files begin with it
   * @param model the policy's name
   * @param version the policy's version
   * @param deterministic whether the most likely actions were taken
   * @param hasMask whether steps have a mask
   * @param hasLogProbability whether steps have a log-probability
   * @param hasValue whether steps have a value
   */
  public record Source(
      String name,
      String model,
      String version,
      boolean deterministic,
      Space observationSpace,
      Space actionSpace,
      boolean hasMask,
      boolean hasLogProbability,
      boolean hasValue) {}

  /**
   * A step of an episode.
   *
   * @param action {@code [actionSpace.size()]}, as the environment was given it
   * @param mask of the choices that were allowed, where the source has masks
   * @param logProbability of the action, where the source has it
   * @param value that the policy expected, where the source has it
   * @param nextObservation what the step led to
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record StepRow(
      float[] action,
      boolean @Nullable [] mask,
      float logProbability,
      float value,
      double reward,
      boolean terminated,
      boolean truncated,
      float[] nextObservation) {}

  private RecordingWriter(Path directory, Source source, InstantSource clock, long tableBytes) {
    this.directory = directory;
    this.source = source;
    this.clock = clock;
    this.tableBytes = tableBytes;
    starts = RecordingSchema.starts(source.actionSpace);
    realActions = RecordingSchema.hasBox(source.actionSpace);
    metadata = RecordingSchema.metadata(source.observationSpace, source.actionSpace);
    steps = new ParquetTable(stepForms());
    rewards = new ParquetTable(rewardForms());
  }

  /**
   * Begins to write; the directory is made where it is missing.
   *
   * @throws IOException if it cannot be made
   */
  public static RecordingWriter open(Path directory, Source source, InstantSource clock)
      throws IOException {
    return open(directory, source, clock, TABLE_BYTES);
  }

  /**
   * The same.
   *
   * @param tableBytes of rows that are held in memory; beyond, they become files
   */
  static RecordingWriter open(Path directory, Source source, InstantSource clock, long tableBytes)
      throws IOException {
    Files.createDirectories(directory.resolve(RecordingSchema.STEPS));
    Files.createDirectories(directory.resolve(RecordingSchema.REWARDS));
    return new RecordingWriter(directory, source, clock, tableBytes);
  }

  private List<Form> stepForms() {
    List<Form> forms = new ArrayList<>(RecordingSchema.STEP);
    boolean single = source.observationSpace instanceof Box box && box.shape().length == 0;
    forms.add(
        new Form(RecordingSchema.OBSERVATION, Kind.FLOAT, single ? Shape.SINGLE : Shape.LIST));
    if (source.hasMask) {
      forms.add(new Form(RecordingSchema.MASK, Kind.INT32, Shape.LIST));
    }
    forms.add(RecordingSchema.action(source.actionSpace));
    if (source.hasLogProbability) {
      forms.add(new Form(RecordingSchema.LOG_PROBABILITY, Kind.FLOAT));
    }
    if (source.hasValue) {
      forms.add(new Form(RecordingSchema.VALUE, Kind.FLOAT));
    }
    return forms;
  }

  private static List<Form> rewardForms() {
    List<Form> forms = new ArrayList<>(RecordingSchema.REWARD);
    forms.add(new Form(RecordingSchema.FINAL_OBSERVATION, Kind.FLOAT, Shape.LIST));
    return forms;
  }

  /** Writes whole episodes, one after the other. */
  public void write(RecordedEpisodes episodes) throws IOException {
    int observationSize = source.observationSpace.size();
    int actionSize = source.actionSpace.size();
    for (RecordedEpisode episode : episodes.episodes()) {
      float[] all = episode.observations();
      start(row(all, 0, observationSize));
      for (int i = 0; i < episode.steps(); i++) {
        boolean last = i == episode.steps() - 1;
        step(
            new StepRow(
                row(episode.actions(), i, actionSize),
                null,
                episode.hasLogProbabilities() ? episode.logProbabilities()[i] : Float.NaN,
                Float.NaN,
                episode.rewards()[i],
                last && episode.terminated(),
                last && !episode.terminated(),
                row(all, i + 1, observationSize)));
      }
    }
  }

  private static float[] row(float[] rows, int row, int width) {
    float[] copy = new float[width];
    System.arraycopy(rows, row * width, copy, 0, width);
    return copy;
  }

  /**
   * An episode starts, as a session of its own.
   *
   * @param first observation
   */
  public void start(float[] first) throws IOException {
    if (steps.bytes() + rewards.bytes() > tableBytes) {
      roll();
    }
    session = String.format(Locale.ROOT, "%s-%06d", source.name, episodes++);
    observation = first.clone();
    step = 0;
  }

  /** A step of the episode. */
  public void step(StepRow row) {
    String id = String.format(Locale.ROOT, "%s-%010x", session, step++);
    long time = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    steps.column(0).add(id);
    steps.column(1).add(0);
    steps.column(2).add(time);
    steps.column(3).add(source.model);
    steps.column(4).add(source.version);
    steps.column(5).add(session);
    steps.column(6).add((String) null);
    steps.column(7).add(source.deterministic);
    int column = RecordingSchema.STEP.size();
    steps.column(column++).add(observation, 0, observation.length);
    if (source.hasMask) {
      byte[] flags = new byte[source.actionSpace.maskSize()];
      for (int i = 0; i < flags.length; i++) {
        flags[i] = (byte) (row.mask == null || row.mask[i] ? 1 : 0);
      }
      steps.column(column++).add(flags, 0, flags.length);
    }
    action(steps.column(column++), row.action);
    if (source.hasLogProbability) {
      steps.column(column++).add(new float[] {row.logProbability}, 0, 1);
    }
    if (source.hasValue) {
      steps.column(column).add(new float[] {row.value}, 0, 1);
    }
    steps.endRow();

    rewards.column(0).add(id);
    rewards.column(1).add(0);
    rewards.column(2).add(time);
    rewards.column(3).add(row.reward);
    rewards.column(4).add(row.terminated);
    rewards.column(5).add(row.truncated);
    boolean over = row.terminated || row.truncated;
    rewards.column(6).add(row.nextObservation, 0, over ? row.nextObservation.length : 0);
    rewards.endRow();
    observation = row.nextObservation.clone();
  }

  private void action(ParquetColumn column, float[] action) {
    if (realActions) {
      float[] told = action.clone();
      for (int i = 0; i < told.length; i++) {
        told[i] += starts[i];
      }
      column.add(told, 0, told.length);
      return;
    }
    long[] told = new long[action.length];
    for (int i = 0; i < told.length; i++) {
      told[i] = starts[i] + (long) action[i];
    }
    column.add(told, 0, told.length);
  }

  private void roll() throws IOException {
    if (steps.rows() == 0) {
      return;
    }
    String file = String.format(Locale.ROOT, "%s-%06d.parquet", source.name, files++);
    // Rewards first: a step without its reward is worth less than a reward without its step.
    rewards.write(directory.resolve(RecordingSchema.REWARDS).resolve(file), metadata);
    steps.write(directory.resolve(RecordingSchema.STEPS).resolve(file), metadata);
    steps = new ParquetTable(stepForms());
    rewards = new ParquetTable(rewardForms());
  }

  /** Writes the last file. */
  @Override
  public void close() throws IOException {
    roll();
  }
}
