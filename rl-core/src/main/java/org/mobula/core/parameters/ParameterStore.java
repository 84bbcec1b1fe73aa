package org.mobula.core.parameters;

import java.util.Map;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;

/**
 * Holds the parameters of a model's networks and the optimizer beside them. Learners push
 * gradients, each of one network; everyone pulls the newest version. The methods that name no
 * network are about the one that acts, {@link ParameterLayout#POLICY}.
 */
public interface ParameterStore extends AutoCloseable {
  /** How the parameters lie in the flat vector, one network after the other. */
  ParameterLayout layout();

  /**
   * Copies the newest parameters of a network.
   *
   * @param destination receives as many numbers as the network has
   * @return their version
   * @throws IllegalArgumentException if there is no such network
   */
  long pull(String network, float[] destination);

  /**
   * Clips the gradient by its norm where the store is set up so, and takes one optimizer step of
   * the network. Parameters, moments and steps of the other networks stay as they are.
   *
   * @param gradient as many numbers as the network has; may be scaled in place
   * @param learningRate of this step, before the groups' own factors
   * @return the gradient's norm before clipping
   * @throws ArithmeticException if the gradient holds NaN or infinity; nothing is changed then
   * @throws IllegalArgumentException if there is no such network
   */
  double push(String network, float[] gradient, double learningRate);

  /**
   * Pushes and then pulls, which a store that is far away does in one go.
   *
   * @param destination receives the network's parameters after the step; what it holds if the push
   *     throws is unspecified
   * @return as {@link #push}
   */
  default double pushPull(
      String network, float[] gradient, double learningRate, float[] destination) {
    double norm = push(network, gradient, learningRate);
    pull(network, destination);
    return norm;
  }

  /** Copies the newest parameters of the network that acts. */
  default long pull(float[] destination) {
    return pull(ParameterLayout.POLICY, destination);
  }

  /** Takes one step of the network that acts. */
  default double push(float[] gradient, double learningRate) {
    return push(ParameterLayout.POLICY, gradient, learningRate);
  }

  /** Takes one step of the network that acts, and copies its parameters after it. */
  default double pushPull(float[] gradient, double learningRate, float[] destination) {
    return pushPull(ParameterLayout.POLICY, gradient, learningRate, destination);
  }

  /**
   * The run begins, or goes on: called once by whoever trains, when everything is restored that was
   * saved, before its first collection. Others that were started with the store wait for it.
   */
  default void begin() {}

  /**
   * Hands over what a learner has gathered in a rollout, for its next push to take along.
   *
   * @param part of this rollout, with the steps that it took
   * @param total the statistics of all rollouts of this learner, this one included; a store that
   *     several learners share replaces them, by the end of the next push, by those of all learners
   */
  default void gather(Gathered part, RunningStatistics total) {}

  /**
   * Environment steps that all learners of the run have taken, as far as this one has heard by its
   * last push.
   *
   * @return 0 where there is no other learner
   */
  default long environmentSteps() {
    return 0;
  }

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

  /** Parameters and optimizer state of all networks, for a checkpoint. */
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
   * Goes on from what {@link #saveParts} gave, after {@link #restore} and before {@link #begin}.
   *
   * @param parts all those of the checkpoint
   */
  default void restoreParts(Map<String, byte[]> parts) {}

  /** The newest parameters of the network that acts, copied. */
  default ParameterSnapshot snapshot() {
    float[] values = new float[layout().to(ParameterLayout.POLICY)];
    long version = pull(values);
    return new ParameterSnapshot(version, values);
  }

  @Override
  void close();
}
