package org.mobula.parameterserver;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;

/**
 * The store of a run's trainer: it lets the other learners begin with it, hears of the end of each
 * iteration, when it is asked for measurements, and keeps the learners' states.
 */
final class RunStore implements ParameterStore {
  private final ParameterStore store;
  private final LongConsumer beginning;

  /** Steps of a run whose shards this one has taken over. */
  private long stepsOfOthers;

  private boolean resumed;
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
   * @param beginning takes the version that the run begins with
   * @param parts of a checkpoint, beside those of the store
   * @param iterated runs after each iteration
   */
  RunStore(ParameterStore store, LongConsumer beginning, Runnable iterated, Parts parts) {
    this.parts = parts;
    this.iterated = iterated;
    this.store = store;
    this.beginning = beginning;
  }

  @Override
  public void begin() {
    store.begin();
    stepsOfOthers = resumed ? 0 : store.gathered().environmentSteps();
    beginning.accept(store.snapshot().version());
  }

  @Override
  public long environmentSteps() {
    return Math.max(0, store.environmentSteps() - stepsOfOthers);
  }

  @Override
  public ParameterLayout layout() {
    return store.layout();
  }

  @Override
  public long pull(String network, float[] destination) {
    return store.pull(network, destination);
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
    resumed = true;
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
