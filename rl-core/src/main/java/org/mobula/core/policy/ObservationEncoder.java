package org.mobula.core.policy;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RowColumn;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * From observations as environments write them to the features that a network sees: flattened, and
 * normalised where the policy does so. Allocates nothing; one thread at a time.
 */
public final class ObservationEncoder {
  private final Space space;
  private final int size;
  private final int features;
  private final boolean flat;
  private final float[] observation;
  private @Nullable ObservationNormalizer normalizer;
  private ObservationNormalizer.@Nullable Scaling scaling;

  /** Without a normaliser. */
  public ObservationEncoder(Space observationSpace) {
    this.space = observationSpace;
    this.size = observationSpace.size();
    this.features = observationSpace.flatSize();
    this.flat = observationSpace instanceof Box;
    this.observation = new float[flat ? 0 : size];
  }

  /** Normalises by this from now on; null leaves features as they are. */
  public void set(@Nullable ObservationNormalizer next) {
    if (!Objects.equals(next, normalizer)) {
      normalizer = next;
      scaling = next == null ? null : next.scaling();
    }
  }

  /**
   * Flattens observations, before normalisation.
   *
   * @param observations {@code [count][observationSpace.size()]}
   * @param flattened receives {@code [count][observationSpace.flatSize()]}
   */
  public void flatten(float[] observations, int count, float[] flattened) {
    if (flat) {
      System.arraycopy(observations, 0, flattened, 0, count * size);
      return;
    }
    for (int row = 0; row < count; row++) {
      space.flatten(observations, row * size, flattened, row * features);
    }
  }

  /**
   * Flattens one observation among many, before normalisation.
   *
   * @param row among the observations, {@code [row][observationSpace.size()]}
   * @param flattenedRow among the features, {@code [row][observationSpace.flatSize()]}
   */
  public void flattenRow(float[] observations, int row, float[] flattened, int flattenedRow) {
    if (flat) {
      int from = row * size;
      int to = flattenedRow * size;
      for (int i = 0; i < size; i++) { // a few numbers, mostly
        flattened[to + i] = observations[from + i];
      }
      return;
    }
    space.flatten(observations, row * size, flattened, flattenedRow * features);
  }

  /**
   * Flattens the first {@code count} observations of a column, before normalisation.
   *
   * @param flattened receives {@code [count][observationSpace.flatSize()]}
   */
  public void flatten(RowColumn observations, int count, float[] flattened) {
    for (int row = 0; row < count; row++) {
      flattenRow(observations, row, flattened, row);
    }
  }

  /**
   * Flattens one observation of a column, before normalisation.
   *
   * @param flattenedRow among the features, {@code [row][observationSpace.flatSize()]}
   */
  public void flattenRow(RowColumn observations, int row, float[] flattened, int flattenedRow) {
    if (flat) {
      observations.get(row, flattened, flattenedRow * size);
      return;
    }
    observations.get(row, observation, 0);
    space.flatten(observation, 0, flattened, flattenedRow * features);
  }

  /** Normalises the first {@code count} rows of flattened observations in place. */
  public void normalize(float[] flattened, int count) {
    if (scaling != null) {
      scaling.apply(flattened, count);
    }
  }
}
