package org.mobula.core.experience;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.mobula.core.space.Space;

/**
 * Episodes that were recorded, in memory: what a policy can be learnt from, or judged by, without
 * an environment. Immutable.
 *
 * <pre>{@code
 * RecordedEpisodes.Builder recorded = RecordedEpisodes.builder(observationSpace, actionSpace);
 * recorded.start(observation);
 * recorded.step(action, reward, terminated, truncated, nextObservation);
 * RecordedEpisodes episodes = recorded.build();
 * }</pre>
 */
public final class RecordedEpisodes {
  private final Space observationSpace;
  private final Space actionSpace;
  private final List<RecordedEpisode> episodes;
  private final long steps;
  private final boolean logProbabilities;

  private RecordedEpisodes(Space observationSpace, Space actionSpace, List<RecordedEpisode> all) {
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    episodes = List.copyOf(all);
    steps = episodes.stream().mapToLong(RecordedEpisode::steps).sum();
    logProbabilities =
        !episodes.isEmpty() && episodes.stream().allMatch(RecordedEpisode::hasLogProbabilities);
  }

  /** Starts to put episodes with these spaces together. */
  public static Builder builder(Space observationSpace, Space actionSpace) {
    return new Builder(observationSpace, actionSpace);
  }

  /** What was observed. */
  public Space observationSpace() {
    return observationSpace;
  }

  /** What could be done. */
  public Space actionSpace() {
    return actionSpace;
  }

  /** The episodes, in the order in which they were added. */
  public List<RecordedEpisode> episodes() {
    return episodes;
  }

  /** Steps of all episodes together. */
  public long steps() {
    return steps;
  }

  /** Whether the log-probability of every action is known. */
  public boolean hasLogProbabilities() {
    return logProbabilities;
  }

  /** Mean of the episodes' undiscounted returns; NaN if there are none. */
  public double meanReturn() {
    return episodes.stream()
        .mapToDouble(RecordedEpisode::episodeReturn)
        .average()
        .orElse(Double.NaN);
  }

  /**
   * Refuses what nothing can be learnt from: no episodes, numbers that are none, and actions
   * outside the action space. The observation after an episode has terminated may hold anything.
   *
   * @return these episodes
   * @throws IllegalArgumentException naming the first such number by its episode and step, from 0
   */
  public RecordedEpisodes requireLearnable() {
    if (episodes.isEmpty()) {
      throw new IllegalArgumentException(
          "the recordings hold no episode, so there is nothing to learn from");
    }
    for (int i = 0; i < episodes.size(); i++) {
      RecordedEpisode episode = episodes.get(i);
      int last = episode.terminated() ? episode.steps() - 1 : episode.steps();
      for (int step = 0; step <= last; step++) {
        requireFinite("observation", i, step, episode.observations(), observationSpace.size());
      }
      for (int step = 0; step < episode.steps(); step++) {
        requireFinite("action", i, step, episode.actions(), actionSpace.size());
        requireFinite("reward", i, step, episode.rewards(), 1);
        if (!actionSpace.contains(episode.actions(), step * actionSpace.size())) {
          throw new IllegalArgumentException(
              "the action at step %s of episode %s is %s but must be in %s: leave the episode out, or record the actions as the environment was given them"
                  .formatted(
                      step,
                      i,
                      Arrays.toString(row(episode.actions(), step, actionSpace.size())),
                      actionSpace));
        }
      }
    }
    return this;
  }

  private static void requireFinite(String what, int episode, int step, float[] all, int width) {
    int from = step * width;
    int bad = NonFiniteException.firstBad(all, from, from + width);
    if (bad < from + width) {
      throw new IllegalArgumentException(
          "number %s of the %s at step %s of episode %s is %s but must be finite: leave the episode out, or mend it where it is recorded"
              .formatted(bad - from, what, step, episode, all[bad]));
    }
  }

  private static float[] row(float[] rows, int row, int width) {
    return Arrays.copyOfRange(rows, row * width, (row + 1) * width);
  }

  /**
   * A number that is the same for the same episodes in the same order, and another for almost all
   * others: whether a run that is resumed learns from what it learnt from before.
   */
  public long checksum() {
    CRC32C crc = new CRC32C();
    for (RecordedEpisode episode : episodes) {
      update(crc, episode.observations());
      update(crc, episode.actions());
      update(crc, episode.rewards());
      crc.update(episode.terminated() ? 1 : 0);
    }
    return steps << 32 ^ crc.getValue();
  }

  private static void update(CRC32C crc, float[] numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * numbers.length);
    bytes.asFloatBuffer().put(numbers);
    crc.update(bytes);
  }

  @Override
  public String toString() {
    return "%s episodes of %s steps together, with observations %s and actions %s"
        .formatted(episodes.size(), steps, observationSpace, actionSpace);
  }

  /** Puts episodes together, whole ones or step by step. */
  public static final class Builder {
    private final Space observationSpace;
    private final Space actionSpace;
    private final List<RecordedEpisode> episodes = new ArrayList<>();

    // Of the episode that goes on.
    private float[] observations = {};
    private float[] actions = {};
    private float[] rewards = {};
    private float[] logProbabilities = {};
    private boolean known;
    private boolean started;
    private int steps;

    private Builder(Space observationSpace, Space actionSpace) {
      this.observationSpace = observationSpace;
      this.actionSpace = actionSpace;
    }

    /**
     * Adds a whole episode, whose arrays must not be changed afterwards.
     *
     * @throws IllegalArgumentException if its rows are not as wide as the spaces say
     */
    public Builder add(RecordedEpisode episode) {
      requireWidth(
          "observations",
          episode.observations().length / (episode.steps() + 1),
          observationSpace.size(),
          observationSpace);
      requireWidth(
          "actions", episode.actions().length / episode.steps(), actionSpace.size(), actionSpace);
      episodes.add(episode);
      return this;
    }

    private void requireWidth(String what, int width, int needed, Space space) {
      if (width != needed) {
        throw new IllegalArgumentException(
            "the %s of episode %s have %s numbers each but %s has %s"
                .formatted(what, episodes.size(), width, space, needed));
      }
    }

    /**
     * An episode starts; the former one, if it goes on, ends where it is.
     *
     * @param observation the first one
     */
    public Builder start(float[] observation) {
      end(false, false);
      requireWidth("observations", observation.length, observationSpace.size(), observationSpace);
      started = true;
      known = true;
      observations = room(observations, 0, observation.length);
      System.arraycopy(observation, 0, observations, 0, observation.length);
      return this;
    }

    /** {@link #step(float[], float, float, boolean, boolean, float[])}, not knowing the policy. */
    public Builder step(
        float[] action,
        float reward,
        boolean terminated,
        boolean truncated,
        float[] nextObservation) {
      return step(action, Float.NaN, reward, terminated, truncated, nextObservation);
    }

    /**
     * A step of the episode that was {@linkplain #start started}.
     *
     * @param action as the environment was given it
     * @param logProbability of the action under the policy that acted; NaN if it is not known,
     *     which then holds for the episode
     * @param terminated whether the episode came to an end of its own
     * @param truncated whether it was cut off
     * @param nextObservation what the step led to; the final one of an episode that ends
     * @throws IllegalStateException if no episode was started since the last ended
     */
    public Builder step(
        float[] action,
        float logProbability,
        float reward,
        boolean terminated,
        boolean truncated,
        float[] nextObservation) {
      if (!started) {
        throw new IllegalStateException(
            "a step was recorded but no episode has started; give its first observation to start");
      }
      requireWidth("actions", action.length, actionSpace.size(), actionSpace);
      requireWidth(
          "observations", nextObservation.length, observationSpace.size(), observationSpace);
      actions = room(actions, steps, action.length);
      rewards = room(rewards, steps, 1);
      logProbabilities = room(logProbabilities, steps, 1);
      observations = room(observations, steps + 1, nextObservation.length);
      System.arraycopy(action, 0, actions, steps * action.length, action.length);
      rewards[steps] = reward;
      logProbabilities[steps] = logProbability;
      known &= !Float.isNaN(logProbability);
      steps++;
      System.arraycopy(
          nextObservation, 0, observations, steps * nextObservation.length, nextObservation.length);
      if (terminated || truncated) {
        end(terminated, truncated);
      }
      return this;
    }

    /** The same rows with room for one more. */
    private static float[] room(float[] rows, int row, int width) {
      int needed = Math.multiplyExact(row + 1, width);
      return needed <= rows.length ? rows : Arrays.copyOf(rows, Math.max(needed, 2 * rows.length));
    }

    private void end(boolean terminated, boolean truncated) {
      if (steps > 0) {
        float[] logs = Arrays.copyOf(logProbabilities, known ? steps : 0);
        episodes.add(
            new RecordedEpisode(
                Arrays.copyOf(observations, (steps + 1) * observationSpace.size()),
                Arrays.copyOf(actions, steps * actionSpace.size()),
                Arrays.copyOf(rewards, steps),
                logs,
                terminated,
                truncated));
      }
      started = false;
      steps = 0;
    }

    /** The episodes; one that goes on ends where it is. */
    public RecordedEpisodes build() {
      end(false, false);
      return new RecordedEpisodes(observationSpace, actionSpace, episodes);
    }
  }
}
