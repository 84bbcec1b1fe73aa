package org.mobula.core.environment;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.space.Space;

/** What one step led to; made once and written again at each step. */
public final class Step {
  /** The observation after the step, in the encoding of the observation space. */
  public final float[] observation;

  /** The reward of the step. */
  public double reward;

  /** Whether the episode came to an end of its own: no reward can follow. */
  public boolean terminated;

  /** Whether the episode was cut off from outside, by a time limit say: rewards would follow. */
  public boolean truncated;

  private @Nullable Map<String, Object> info;

  /** A step for environments with this observation space. */
  public Step(Space observationSpace) {
    this.observation = new float[observationSpace.size()];
  }

  /** Whether the episode is over for either reason. */
  public boolean done() {
    return terminated || truncated;
  }

  /**
   * Adds a named fact about this step. Numbers and truths of an episode's last step are measured
   * while training: as {@code environment/<name>}, the mean over the episodes that ended.
   */
  public void putInfo(String name, Object value) {
    if (info == null) {
      info = new HashMap<>();
    }
    info.put(name, value);
  }

  /** The named facts about this step. */
  public Map<String, Object> info() {
    return info == null ? Map.of() : info;
  }

  /** Takes over what another step led to: everything but the observation. */
  void take(Step other) {
    reward = other.reward;
    terminated = other.terminated;
    truncated = other.truncated;
    if (!other.info().isEmpty()) {
      other.info().forEach(this::putInfo);
    }
  }

  /** Makes ready for the next step: everything but the observation. */
  public void clear() {
    reward = 0;
    terminated = false;
    truncated = false;
    if (info != null) {
      info.clear();
    }
  }
}
