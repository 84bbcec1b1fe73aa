package org.mobula.core.parameters;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;

/**
 * What the learners of a run gather together beside gradients. It travels with them, so whoever
 * joins a run is as far as the others.
 *
 * @param environmentSteps that were taken: of one rollout, or of all learners in the run so far
 * @param observations statistics of the features seen; null where they are not normalised. Not to
 *     be changed
 */
public record Gathered(long environmentSteps, @Nullable RunningStatistics observations)
    implements Serializable {
  /** Checks the range. */
  public Gathered {
    if (environmentSteps < 0) {
      throw new IllegalArgumentException(
          "environment steps are " + environmentSteps + " but must be ≥ 0");
    }
  }

  /** Nothing. */
  public static Gathered nothing() {
    return new Gathered(0, null);
  }

  /**
   * With a learner's part, whose statistics are merged without any prior: those of learners one
   * after the other have the bits that one learner gets from their rollouts one after the other.
   *
   * @throws IllegalArgumentException if the statistics are of other features
   */
  public Gathered plus(Gathered part) {
    RunningStatistics more = part.observations;
    RunningStatistics merged = observations;
    if (more != null) {
      merged = merged == null ? new RunningStatistics(more.size()) : merged.copy();
      merged.merge(more);
    }
    return new Gathered(environmentSteps + part.environmentSteps, merged);
  }
}
