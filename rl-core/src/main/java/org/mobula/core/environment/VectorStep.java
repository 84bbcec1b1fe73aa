package org.mobula.core.environment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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

  /**
   * What was allowed at the final observations, {@code [environment][choice]}; meant only where
   * {@code truncated}, as nothing follows where an episode terminated. Empty where nobody asked.
   */
  public final boolean[] finalMasks;

  private final List<Map<String, Object>> infos;

  /** A step for this many environments with this observation space, without final masks. */
  public VectorStep(int count, Space observationSpace) {
    this(count, observationSpace, 0);
  }

  /**
   * A step for this many environments with this observation space.
   *
   * @param maskSize flags of an action mask, where those of final observations are wanted; else 0
   */
  public VectorStep(int count, Space observationSpace, int maskSize) {
    this.finalMasks = new boolean[count * maskSize];
    Arrays.fill(finalMasks, true);
    this.observations = new float[count * observationSpace.size()];
    this.finalObservations = new float[count * observationSpace.size()];
    this.rewards = new float[count];
    this.terminated = new boolean[count];
    this.truncated = new boolean[count];
    this.infos = new ArrayList<>(Collections.nCopies(count, Map.of()));
  }

  /**
   * The named facts that an environment told about this step; where the episode was reset in the
   * same step, about its last step. Good until the next step.
   */
  public Map<String, Object> info(int environment) {
    return infos.get(environment);
  }

  /** For those who fill a step: what {@link #info} hands out, not copied. */
  public void setInfo(int environment, Map<String, Object> info) {
    infos.set(environment, info);
  }
}
