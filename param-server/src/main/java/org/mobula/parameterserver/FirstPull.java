package org.mobula.parameterserver;

import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;

/** A store that tells of its first pull: whatever had to be restored is restored then. */
final class FirstPull implements ParameterStore {
  private final ParameterStore store;
  private @Nullable LongConsumer listener;

  /**
   * Wraps a store.
   *
   * @param listener is told the version that was pulled
   */
  FirstPull(ParameterStore store, LongConsumer listener) {
    this.store = store;
    this.listener = listener;
  }

  @Override
  public ParameterLayout layout() {
    return store.layout();
  }

  @Override
  public long pull(float[] destination) {
    long version = store.pull(destination);
    LongConsumer told = listener;
    if (told != null) {
      listener = null;
      told.accept(version);
    }
    return version;
  }

  @Override
  public double push(float[] gradient, double learningRate) {
    return store.push(gradient, learningRate);
  }

  @Override
  public double pushPull(float[] gradient, double learningRate, float[] destination) {
    return store.pushPull(gradient, learningRate, destination);
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
  }

  @Override
  public void close() {
    store.close();
  }
}
