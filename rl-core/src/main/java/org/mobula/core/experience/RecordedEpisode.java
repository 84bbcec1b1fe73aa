package org.mobula.core.experience;

/**
 * One episode as it was recorded: T steps, and the observations before and after them, row-major.
 * Numbers are the environment's: observations as it wrote them, actions as it was given them.
 *
 * @param observations {@code [T + 1][observationSpace.size()]}: those that the actions answered,
 *     and the one that the last step led to
 * @param actions {@code [T][actionSpace.size()]}
 * @param rewards {@code [T]}
 * @param logProbabilities {@code [T]}: natural logarithms of the actions' probabilities under the
 *     policy that acted, or of their densities in a box, there in the environment's units; none
 *     where they are not known
 * @param terminated whether the last step led to an end of the episode's own, after which nothing
 *     is worth anything
 * @param truncated whether it was cut off there; where it is neither, the recording ends within the
 *     episode, which is learnt from as if it had been cut off
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record RecordedEpisode(
    float[] observations,
    float[] actions,
    float[] rewards,
    float[] logProbabilities,
    boolean terminated,
    boolean truncated) {

  /** Checks that there are as many of each as there are steps. */
  public RecordedEpisode {
    int steps = rewards.length;
    if (steps == 0) {
      throw new IllegalArgumentException("an episode has no steps but must have at least one");
    }
    requireRows("observations", observations.length, steps + 1);
    requireRows("actions", actions.length, steps);
    if (logProbabilities.length != steps && logProbabilities.length != 0) {
      throw new IllegalArgumentException(
          "an episode of %s steps has %s log-probabilities; give one for each step, or none"
              .formatted(steps, logProbabilities.length));
    }
  }

  /** An episode of a policy of which no log-probabilities are known. */
  public RecordedEpisode(
      float[] observations,
      float[] actions,
      float[] rewards,
      boolean terminated,
      boolean truncated) {
    this(observations, actions, rewards, new float[0], terminated, truncated);
  }

  private static void requireRows(String name, int numbers, int rows) {
    if (numbers == 0 || numbers % rows != 0) {
      throw new IllegalArgumentException(
          "the %s of an episode are %s numbers, which are not %s rows: there is one action and one reward a step, and one observation more"
              .formatted(name, numbers, rows));
    }
  }

  /** T: the episode's steps. */
  public int steps() {
    return rewards.length;
  }

  /** Whether the log-probabilities of its actions are known. */
  public boolean hasLogProbabilities() {
    return logProbabilities.length > 0;
  }

  /** Undiscounted sum of the rewards. */
  public double episodeReturn() {
    double sum = 0;
    for (float reward : rewards) {
      sum += reward;
    }
    return sum;
  }
}
