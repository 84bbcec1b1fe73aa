package org.mobula.core.collection;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.experience.Experience;
import org.mobula.core.policy.PolicySnapshot;

/** Where experience comes from: environments in this thread, or workers elsewhere. */
public interface ExperienceSource extends AutoCloseable {
  /** Environments that act at the same time, over all workers. */
  int environments();

  /**
   * Collects with this policy; episodes go on from one call to the next.
   *
   * @param environmentSteps that the run has taken so far, over all environments: exploration may
   *     depend on it
   * @return the experience, valid until the next call
   */
  Experience collect(PolicySnapshot policy, long environmentSteps);

  /**
   * Lets collections be ended between two steps.
   *
   * @param stopped is asked before each step, in the thread that collects; once it is true {@link
   *     #collect} throws a {@link CollectionStoppedException}
   */
  default void stopWhen(BooleanSupplier stopped) {}

  /** The environments' steps that have not returned; may be asked from any thread. */
  default List<StepInProgress> inProgress() {
    return List.of();
  }

  /** The options that episodes are reset with which start from now on. */
  default void resetOptions(Map<String, Object> options) {}

  /** Adds what the source measured in the last collection, by name. */
  default void measure(Map<String, Double> measurements) {}

  /**
   * Writes what the next collection depends on. Environments that do not save their state start a
   * new episode when they are read again.
   */
  void writeState(DataOutput out) throws IOException;

  /**
   * Writes a state for {@link #readState} in which every environment begins a new episode, with
   * seeds of its own: all that is left where a collection has failed.
   */
  default void writeNewEpisodes(DataOutput out) throws IOException {
    writeState(out);
  }

  /** Goes on from what {@link #writeState} wrote, in a source made in the same way. */
  void readState(DataInput in) throws IOException;

  @Override
  void close();
}
