package org.mobula.core.parameters;

import java.util.Map;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;

/**
 * Holds the parameters and the optimizer beside them. Learners push gradients; everyone pulls the
 * newest version.
 */
public interface ParameterStore extends AutoCloseable {
  /** How the parameters lie in the flat vector. */
  ParameterLayout layout();

  /**
   * Copies the newest parameters.
   *
   * @param destination receives {@code layout().size()} numbers
   * @return their version
   */
  long pull(float[] destination);

  /**
   * Clips the gradient by its global norm where the store is set up so, and takes one optimizer
   * step.
   *
   * @param gradient {@code layout().size()} numbers; may be scaled in place
   * @param learningRate of this step, before the groups' own factors
   * @return the gradient's global norm before clipping
   * @throws ArithmeticException if the gradient holds NaN or infinity; nothing is changed then
   */
  double push(float[] gradient, double learningRate);

  /**
   * Pushes and then pulls, which a store that is far away does in one go.
   *
   * @param destination receives the parameters after the step; what it holds if the push throws is
   *     unspecified
   * @return as {@link #push}
   */
  default double pushPull(float[] gradient, double learningRate, float[] destination) {
    double norm = push(gradient, learningRate);
    pull(destination);
    return norm;
  }

  /**
   * Hands over what a learner has gathered in a rollout, for its next push to take along.
   *
   * @param part of this rollout
   * @param total the statistics of all rollouts of this learner, this one included; a store that
   *     several learners share replaces them, by the end of the next push, by those of all learners
   */
  default void gather(Gathered part, RunningStatistics total) {}

  /** What the learners of the run had gathered when this one joined it. */
  default Gathered gathered() {
    return Gathered.nothing();
  }

  /**
   * Called by whoever learns after each step of its environments. A store that others wait at knows
   * by it, beside pulls and pushes, that this learner does not hang.
   */
  default void progressed() {}

  /**
   * Adds what there is to say of the store, such as how stale gradients were.
   *
   * @param measurements by {@link org.mobula.core.metrics.MetricNames names}
   */
  default void measure(Map<String, Double> measurements) {}

  /** Parameters and optimizer state, for a checkpoint. */
  StoreState save();

  /** Goes on from a saved state. */
  void restore(StoreState state);

  /**
   * What a run that goes on needs beside {@link #save}, such as the states of other learners; in
   * the thread that learns, between two of its iterations.
   *
   * @return by name, for a checkpoint's parts
   */
  default Map<String, byte[]> saveParts() {
    return Map.of();
  }

  /**
   * Goes on from what {@link #saveParts} gave, after {@link #restore} and before the first pull.
   *
   * @param parts all those of the checkpoint
   */
  default void restoreParts(Map<String, byte[]> parts) {}

  /** The newest parameters, copied. */
  default ParameterSnapshot snapshot() {
    float[] values = new float[layout().size()];
    long version = pull(values);
    return new ParameterSnapshot(version, values);
  }

  @Override
  void close();
}
