package org.mobula.core.policy;

import org.mobula.core.network.Network;

/**
 * Runs a policy on batches of observations, in one thread at a time: observation → features →
 * output row. Allocates nothing once its buffers have grown.
 */
public final class PolicyRunner implements AutoCloseable {
  private final PolicySpec spec;
  private final Network network;
  private final ObservationEncoder encoder;
  private final ActionHead head;
  private long version = -1;

  /**
   * A runner without parameters yet; call {@link #set} before it is used.
   *
   * @param network made from the policy's network spec; closed with the runner
   */
  public PolicyRunner(PolicySpec spec, Network network) {
    this.spec = spec;
    this.network = network;
    this.encoder = new ObservationEncoder(spec.observationSpace());
    this.head = spec.actionHead();
  }

  /** Acts as this snapshot from now on. */
  public void set(PolicySnapshot snapshot) {
    network.setParameters(snapshot.parameters().values());
    encoder.set(snapshot.normalizer());
    version = snapshot.parameters().version();
  }

  /** Version of the parameters in use; −1 before the first. */
  public long version() {
    return version;
  }

  /** The policy's form. */
  public PolicySpec spec() {
    return spec;
  }

  /**
   * Flattens observations, before normalisation.
   *
   * @param observations {@code [count][observationSpace.size()]}
   * @param features receives {@code [count][observationSpace.flatSize()]}
   */
  public void flatten(float[] observations, int count, float[] features) {
    encoder.flatten(observations, count, features);
  }

  /** Normalises flattened observations in place, where the policy does so. */
  public void normalize(float[] features, int count) {
    encoder.normalize(features, count);
  }

  /**
   * Computes output rows as {@link ActionHead} reads them: the numbers that describe the actions,
   * then the value if there is one.
   *
   * @param features {@code [count][feature]}, flattened and normalised
   * @param outputs receives {@code [count][network.outputs()]}
   */
  public void forward(float[] features, int count, float[] outputs) {
    network.forward(features, count, outputs);
    int width = network.outputs();
    for (int row = 0; row < count; row++) {
      head.prepare(outputs, row * width, width);
    }
  }

  @Override
  public void close() {
    network.close();
  }
}
