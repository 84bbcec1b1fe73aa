package org.mobula.core.algorithm;

import java.io.IOException;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.experience.ReplayMemory;
import org.mobula.core.experience.ReplayShape;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicySpec;

/** Recorded episodes as a replay memory: actions in the policy's units, nothing ever forgotten. */
final class RecordedMemory {
  private RecordedMemory() {}

  /**
   * A memory that holds all of the recordings and no more.
   *
   * @param config of it, but for the capacity
   * @throws IllegalArgumentException if nothing can be learnt from them, or they do not fit into
   *     the heap
   */
  static ReplayMemory of(
      RecordedEpisodes recordings, ReplayConfig config, PolicySpec policy, double discount) {
    recordings.requireLearnable();
    long rows = recordings.steps() + recordings.episodes().size() + config.frames();
    int capacity = (int) Math.min(rows, ReplayShape.MOST_ROWS);
    if (capacity < rows) {
      throw new IllegalArgumentException(
          "the recordings take %s rows but a memory has at most %s: learn from fewer episodes"
              .formatted(rows, ReplayShape.MOST_ROWS));
    }
    ReplayMemory memory =
        config.withCapacity(capacity).memory(policy.withMasksActions(false), 1, discount);
    ActionHead head = policy.actionHead();
    for (RecordedEpisode episode : recordings.episodes()) {
      add(episode, memory, head, recordings.actionSpace().size());
    }
    return memory;
  }

  private static void add(
      RecordedEpisode episode, ReplayMemory memory, ActionHead head, int actionSize) {
    int steps = episode.steps();
    boolean[] terminated = new boolean[steps];
    boolean[] truncated = new boolean[steps];
    terminated[steps - 1] = episode.terminated();
    truncated[steps - 1] = !episode.terminated();
    float[] actions = episode.actions().clone();
    for (int step = 0; step < steps; step++) {
      head.fromEnvironment(actions, step * actionSize);
      memory.observe(0, episode.observations(), step);
      memory.act(0, actions, episode.rewards(), terminated, truncated, step);
    }
    int size = episode.observations().length / (steps + 1);
    int last = steps * size;
    boolean counts =
        NonFiniteException.firstBad(episode.observations(), last, last + size) == last + size;
    // Nothing follows from a terminal observation, which may be no number: any other will do.
    memory.observe(0, episode.observations(), counts ? steps : steps - 1);
  }

  /** Refuses other recordings than those of a saved state. */
  static void requireSame(RecordedEpisodes recordings, long checksum) throws IOException {
    if (recordings.checksum() != checksum) {
      throw new IOException(
          "the run learnt from other recordings than the %s that it is to be resumed with: give it those that it began with"
              .formatted(recordings));
    }
  }
}
