package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * Observes {@code (x - mean) / √(variance + 10⁻⁸)}, cut off at ±10, with the running statistics of
 * all that was observed before; the constants are those of Stable-Baselines3.
 *
 * <p>A trainer refuses it, since the statistics would not travel with the policy: there it is
 * {@code normalization.observations} that does this.
 *
 * <p>A seeded reset does not forget the statistics: they belong to the run, not to the episode.
 */
public final class NormalizeObservation extends EnvironmentWrapper {
  private static final float CLIP = 10;
  private static final double EPSILON = 1e-8;

  private final Box observationSpace;
  private final RunningStatistics statistics;
  private boolean frozen;

  /** Normalises an environment whose observations are a {@link Box}. */
  public NormalizeObservation(Environment inner) {
    super(inner);
    if (!(inner.observationSpace() instanceof Box box)) {
      throw new IllegalArgumentException(
          "NormalizeObservation needs observations in a Box but they are "
              + inner.observationSpace());
    }
    observationSpace = Box.of(-CLIP, CLIP, box.shape());
    statistics = RunningStatistics.withStandardNormalStart(box.size());
  }

  /** Whether the statistics stay as they are, as they must while a policy is judged. */
  public void freeze(boolean frozen) {
    this.frozen = frozen;
  }

  /** What was observed so far. */
  public RunningStatistics statistics() {
    return statistics;
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, observation);
    normalize(observation);
  }

  @Override
  public void step(float[] action, Step step) {
    inner().step(action, step);
    normalize(step.observation);
  }

  private void normalize(float[] observation) {
    if (!frozen) {
      statistics.update(observation);
    }
    statistics.normalize(observation, observation, CLIP, EPSILON);
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    statistics.writeState(out);
    out.writeBoolean(frozen);
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    statistics.readState(in);
    frozen = in.readBoolean();
  }
}
