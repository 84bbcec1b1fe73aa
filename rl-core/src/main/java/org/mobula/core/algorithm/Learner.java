package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.mobula.core.experience.Rollout;
import org.mobula.core.parameters.ParameterStore;

/** Turns experience into gradients. Used by one thread at a time. */
public interface Learner extends AutoCloseable {
  /**
   * Learns from one rollout: computes gradients and pushes them into the store.
   *
   * @param progress part of the training that is done, 0 to 1, for schedules
   * @param measurements receives what was measured, by name
   */
  void learn(
      Rollout rollout, ParameterStore store, double progress, Map<String, Double> measurements);

  /** Writes what the next call depends on beside the store: random numbers, replay memory. */
  void writeState(DataOutput out) throws IOException;

  /** Goes on from what {@link #writeState} wrote, in a learner made in the same way. */
  void readState(DataInput in) throws IOException;

  @Override
  void close();
}
