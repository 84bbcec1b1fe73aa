package org.mobula.parameterserver;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.TrainingConfig;

/**
 * The plain meaning of synchronous learning: all hand in a gradient, their mean in the order of the
 * learners goes to one store in memory, all go on.
 */
final class SharedLocalStore {
  private final int learners;
  private final float[] @Nullable [] gradients;
  private final @Nullable Gathered[] parts;
  private Gathered gathered = Gathered.nothing();
  private @Nullable LocalParameterStore store;
  private int opened;
  private int handedIn;
  private long round;
  private double norm;

  SharedLocalStore(int learners) {
    this.learners = learners;
    this.gradients = new float[learners][];
    this.parts = new @Nullable Gathered[learners];
  }

  synchronized ParameterStore open(
      int number, TrainingConfig config, PolicySpec policy, float[] initial) {
    if (number == 0) {
      store =
          new LocalParameterStore(
              config.layout(policy),
              initial,
              config.algorithm().optimizer(),
              config.algorithm().maxGradientNorm());
    }
    opened++;
    notifyAll();
    waitUntilOpened();
    LocalParameterStore shared = store;
    if (shared == null) {
      throw new IllegalStateException("learner 0 has not opened the store");
    }
    return new View(number, shared);
  }

  private void waitUntilOpened() {
    while (opened < learners) {
      await();
    }
  }

  @SuppressWarnings("WaitNotInLoop") // whoever calls it loops
  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private synchronized double push(
      LocalParameterStore shared,
      int number,
      String network,
      float[] gradient,
      double learningRate) {
    gradients[number] = gradient.clone();
    long mine = round;
    if (++handedIn == learners) {
      float[] mean = gradients[0].clone();
      for (int i = 1; i < learners; i++) {
        for (int k = 0; k < mean.length; k++) {
          mean[k] += gradients[i][k];
        }
      }
      if (learners > 1) {
        float factor = (float) (1.0 / learners);
        for (int k = 0; k < mean.length; k++) {
          mean[k] *= factor;
        }
      }
      norm = shared.push(network, mean, learningRate);
      for (Gathered part : parts) {
        if (part != null) {
          gathered = gathered.plus(part);
        }
      }
      Arrays.fill(parts, null);
      Arrays.fill(gradients, null);
      handedIn = 0;
      round++;
      notifyAll();
    }
    while (round == mine) {
      await();
    }
    return norm;
  }

  private synchronized void gather(int number, Gathered part) {
    Gathered waiting = parts[number]; // of a rollout without a gradient
    parts[number] = waiting == null ? part : waiting.plus(part);
  }

  private synchronized Gathered gathered() {
    return gathered;
  }

  /** One learner's door. */
  private final class View implements ParameterStore {
    private final int number;
    private final LocalParameterStore shared;
    private @Nullable RunningStatistics total;

    View(int number, LocalParameterStore shared) {
      this.number = number;
      this.shared = shared;
    }

    @Override
    public ParameterLayout layout() {
      return shared.layout();
    }

    @Override
    public long pull(String network, float[] destination) {
      return shared.pull(network, destination);
    }

    @Override
    public double push(String network, float[] gradient, double learningRate) {
      double norm = SharedLocalStore.this.push(shared, number, network, gradient, learningRate);
      RunningStatistics replaced = total;
      RunningStatistics all = SharedLocalStore.this.gathered().observations();
      if (replaced != null && all != null) {
        replaced.restore(all.count(), all.mean(), all.variance());
        total = null;
      }
      return norm;
    }

    @Override
    public long environmentSteps() {
      return SharedLocalStore.this.gathered().environmentSteps();
    }

    @Override
    public void gather(Gathered part, RunningStatistics replaced) {
      SharedLocalStore.this.gather(number, part);
      total = replaced;
    }

    @Override
    public StoreState save() {
      return shared.save();
    }

    @Override
    public void restore(StoreState state) {
      shared.restore(state);
    }

    @Override
    public void close() {}
  }
}
