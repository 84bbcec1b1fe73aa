package org.mobula.core.algorithm.ppo;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;

/**
 * Shares each minibatch among workers: the first part is the caller's own, the others are actors'.
 * The parts are added in their order, so the result is the same bits for a given number of workers.
 */
final class GradientWorkers implements AutoCloseable {
  private final int count;
  private final PpoGradient own;
  private final List<PpoMinibatch> parts = new ArrayList<>();
  private final @Nullable TaskRuntime runtime;
  private final List<ActorRef<PpoGradient>> actors = new ArrayList<>();
  private final List<ObjectRef<PpoGradient.Part>> pending = new ArrayList<>();

  /**
   * Workers for minibatches of at most so many rows.
   *
   * @param capacity rows of the largest minibatch
   */
  GradientWorkers(LearnerSetup setup, int capacity) {
    this.count = Math.min(setup.gradientWorkers(), capacity);
    int rows = (capacity + count - 1) / count;
    this.own = new PpoGradient(setup.policy(), setup.engine(), rows);
    this.runtime =
        count == 1 ? null : LocalTaskRuntime.builder().name("gradients").cpus(count - 1).build();
    for (int i = 0; i < count; i++) {
      parts.add(
          new PpoMinibatch(
              rows,
              setup.policy().network().inputs(),
              setup.policy().actionSpace().size(),
              setup.policy().actionSpace().maskSize()));
      if (i > 0 && runtime != null) {
        var policy = setup.policy();
        var engine = setup.engine();
        actors.add(runtime.actor(() -> new PpoGradient(policy, engine, rows)));
      }
    }
  }

  /** The minibatch's parts, to be gathered before {@link #compute}. */
  PpoMinibatch part(int worker) {
    return parts.get(worker);
  }

  /** How many parts there are. */
  int count() {
    return count;
  }

  /**
   * Computes the gradient of the minibatch's mean loss.
   *
   * @param gradient receives it
   * @param measured receives what was measured (overwritten)
   */
  void compute(
      float[] parameters,
      PpoLoss.Coefficients coefficients,
      float[] gradient,
      PpoLoss.Measurements measured) {
    int rows = 0;
    for (PpoMinibatch part : parts) {
      rows += part.count();
    }
    pending.clear();
    for (int i = 1; i < count; i++) {
      pending.add(send(i, parameters, rows, coefficients));
    }
    measured.clear();
    PpoGradient.Part first = own.compute(parameters, parts.get(0), rows, coefficients);
    System.arraycopy(first.gradient, 0, gradient, 0, gradient.length);
    measured.add(first.measurements);
    for (ObjectRef<PpoGradient.Part> ref : pending) {
      PpoGradient.Part part = java.util.Objects.requireNonNull(runtime).get(ref);
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] += part.gradient[i];
      }
      measured.add(part.measurements);
    }
  }

  private ObjectRef<PpoGradient.Part> send(
      int worker, float[] parameters, int rows, PpoLoss.Coefficients coefficients) {
    PpoMinibatch part = parts.get(worker);
    return actors
        .get(worker - 1)
        .call(gradient -> gradient.compute(parameters, part, rows, coefficients));
  }

  @Override
  public void close() {
    own.close();
    if (runtime != null) {
      for (ActorRef<PpoGradient> actor : actors) {
        runtime.get(actor.run(PpoGradient::close));
      }
      runtime.close();
    }
  }
}
