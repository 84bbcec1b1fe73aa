package org.mobula.parameterserver;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;

/**
 * A store that tells of its first pull: whatever had to be restored is restored then; and when it
 * is asked for measurements: an iteration is over then.
 */
final class FirstPull implements ParameterStore {
  private final ParameterStore store;
  private @Nullable LongConsumer listener;
  private final Runnable iterated;
  private final Parts parts;

  /** What belongs into a checkpoint beside the store. */
  interface Parts {
    Map<String, byte[]> save();

    void restore(Map<String, byte[]> saved);
  }

  /**
   * Wraps a store.
   *
   * @param listener is told the version that was pulled
   * @param parts of a checkpoint, beside those of the store
   * @param iterated runs after each iteration
   */
  FirstPull(ParameterStore store, LongConsumer listener, Runnable iterated, Parts parts) {
    this.parts = parts;
    this.iterated = iterated;
    this.store = store;
    this.listener = listener;
  }

  @Override
  public ParameterLayout layout() {
    return store.layout();
  }

  @Override
  public long pull(String network, float[] destination) {
    long version = store.pull(network, destination);
    LongConsumer told = listener;
    if (told != null) {
      listener = null;
      told.accept(version);
    }
    return version;
  }

  @Override
  public double push(String network, float[] gradient, double learningRate) {
    return store.push(network, gradient, learningRate);
  }

  @Override
  public double pushPull(
      String network, float[] gradient, double learningRate, float[] destination) {
    return store.pushPull(network, gradient, learningRate, destination);
  }

  @Override
  public void gather(Gathered part, RunningStatistics total) {
    store.gather(part, total);
  }

  @Override
  public void progressed() {
    store.progressed();
  }

  @Override
  public StoreState save() {
    return store.save();
  }

  @Override
  public void restore(StoreState state) {
    store.restore(state);
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    store.measure(measurements);
    iterated.run();
  }

  @Override
  public Map<String, byte[]> saveParts() {
    Map<String, byte[]> all = new HashMap<>(store.saveParts());
    all.putAll(parts.save());
    return all;
  }

  @Override
  public void restoreParts(Map<String, byte[]> saved) {
    store.restoreParts(saved);
    parts.restore(saved);
  }

  @Override
  public void close() {
    store.close();
  }
}
