package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.mobula.core.experience.Experience;
import org.mobula.core.parameters.ParameterStore;

/**
 * The learning half of an algorithm: it turns experience into gradients. Replay memory, target
 * networks and the like are its own. Used by one thread at a time.
 */
public interface Learner extends AutoCloseable {
  /**
   * Learns: from this experience alone or from what is kept of all of it, by as many gradients as
   * the algorithm says, which are pushed into the store.
   *
   * @param experience as it happened, good until this returns
   */
  void learn(Experience experience, ParameterStore store, LearningMoment moment);

  /**
   * Adds what was measured since it was asked last, by names of the algorithm's own.
   *
   * @param measurements by name, such as {@code loss/policy}
   */
  void measure(Map<String, Double> measurements);

  /** Writes what the next call depends on beside the store: random numbers, replay memory. */
  void writeState(DataOutput out) throws IOException;

  /** Goes on from what {@link #writeState} wrote, in a learner made in the same way. */
  void readState(DataInput in) throws IOException;

  @Override
  void close();
}
