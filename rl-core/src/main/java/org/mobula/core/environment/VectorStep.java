package org.mobula.core.environment;

import org.mobula.core.space.Space;

/** What one step of a {@link VectorEnvironment} led to; made once and written again each time. */
public final class VectorStep {
  /** {@code [environment][observation]}; where an episode was reset in this step, the first one. */
  public final float[] observations;

  /**
   * {@code [environment][observation]}; meant only where {@code terminated} or {@code truncated}.
   */
  public final float[] finalObservations;

  /** One reward an environment. */
  public final float[] rewards;

  /** Which episodes came to an end of their own. */
  public final boolean[] terminated;

  /** Which episodes were cut off. */
  public final boolean[] truncated;

  /** A step for this many environments with this observation space. */
  public VectorStep(int count, Space observationSpace) {
    this.observations = new float[count * observationSpace.size()];
    this.finalObservations = new float[count * observationSpace.size()];
    this.rewards = new float[count];
    this.terminated = new boolean[count];
    this.truncated = new boolean[count];
  }
}
