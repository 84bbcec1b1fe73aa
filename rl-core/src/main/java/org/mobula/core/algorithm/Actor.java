package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape.Column;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.random.Pcg64;

/**
 * The acting half of an algorithm: it answers the observations of some environments, in the
 * trainer's thread, in a worker or on another machine, and notes the columns that the {@linkplain
 * Learner learning half} wants beside what happened. Exploration is its business; evaluations run
 * without it.
 *
 * <p>Features are flattened observations, normalised where the policy does so, {@code
 * [environment][feature]}. Random numbers are passed in. One thread at a time.
 */
public interface Actor extends AutoCloseable {
  /** The columns that it fills. */
  default List<Column> columns() {
    return List.of();
  }

  /** Acts as this policy from now on. */
  void set(PolicySnapshot policy);

  /**
   * Answers the observations of one step: writes the actions and its columns of the step into the
   * experience, which holds the observations and masks already.
   *
   * @param features of the step's observations
   * @param step of the collection, from 0
   * @param environmentSteps that the run has taken before this step, over all environments
   */
  void act(float[] features, Experience experience, int step, long environmentSteps, Pcg64 random);

  /**
   * Episodes were cut off in this step, as {@code experience.truncated} says; its rows are there.
   *
   * @param features of the final observations; rows of other environments hold anything
   */
  default void cutOff(float[] features, Experience experience, int step) {}

  /**
   * The last step of a collection is done.
   *
   * @param features of the observations after it
   */
  default void finish(float[] features, Experience experience) {}

  /** An episode of this environment starts with the next step. */
  default void startEpisode(int environment, Pcg64 random) {}

  /** Writes what the next action depends on beside policy and random numbers, such as noise. */
  default void writeState(DataOutput out) throws IOException {}

  /** Continues from what {@link #writeState} wrote, in an actor made in the same way. */
  default void readState(DataInput in) throws IOException {}

  @Override
  void close();
}
