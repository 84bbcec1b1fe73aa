package org.mobula.parameterserver;

import java.util.Map;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;

/**
 * The store of a learner beside the trainer: it notes when the learner pushes, and leaves restoring
 * the parameters to the trainer.
 */
final class LearnerStore implements ParameterStore {
  private final ServerParameterStore store;
  private final LearnerStates states;

  LearnerStore(ServerParameterStore store, LearnerStates states) {
    this.store = store;
    this.states = states;
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
    states.pushes(store.version());
    double norm = store.push(network, gradient, learningRate);
    states.pushed();
    return norm;
  }

  @Override
  public double pushPull(
      String network, float[] gradient, double learningRate, float[] destination) {
    states.pushes(store.version());
    double norm = store.pushPull(network, gradient, learningRate, destination);
    states.pushed();
    return norm;
  }

  @Override
  public void gather(Gathered part, RunningStatistics total) {
    store.gather(part, total);
  }

  @Override
  public long environmentSteps() {
    return store.environmentSteps();
  }

  /** None at the start of a run; a learner whose state is not in the checkpoint joins the run. */
  @Override
  public Gathered gathered() {
    return store.gathered();
  }

  @Override
  public void progressed() {
    store.progressed();
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    store.measure(measurements);
  }

  @Override
  public StoreState save() {
    return store.save();
  }

  /** The trainer has done so. */
  @Override
  public void restore(StoreState state) {}

  @Override
  public Map<String, byte[]> saveParts() {
    return store.saveParts();
  }

  @Override
  public void restoreParts(Map<String, byte[]> parts) {
    store.restoreParts(parts);
  }

  @Override
  public void close() {
    store.close();
  }
}
