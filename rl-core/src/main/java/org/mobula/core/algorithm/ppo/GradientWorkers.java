package org.mobula.core.algorithm.ppo;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.runtime.local.WorkerCrew;

/**
 * Shares each minibatch among threads, the caller's among them. The parts are added in their order,
 * so the result is the same bits for a given number of workers.
 */
final class GradientWorkers implements AutoCloseable {
  private final PpoMinibatch[] parts;
  private final PpoGradient[] workers;
  private final @Nullable Throwable[] failures;
  private final WorkerCrew crew;
  private final WorkerCrew.Work work = this::computeParts;

  // The minibatch in hand; written by the caller before each turn of the crew.
  private float[] parameters = {};
  private int rows;
  private PpoLoss.Coefficients coefficients = new PpoLoss.Coefficients(0, 0, 0, 0);

  /**
   * Workers for minibatches of at most so many rows.
   *
   * @param capacity rows of the largest minibatch
   */
  GradientWorkers(LearnerSetup setup, int capacity) {
    int count = Math.min(setup.gradientWorkers(), capacity);
    int partCapacity = (capacity + count - 1) / count;
    parts = new PpoMinibatch[count];
    workers = new PpoGradient[count];
    failures = new Throwable[count];
    for (int i = 0; i < count; i++) {
      parts[i] =
          new PpoMinibatch(
              partCapacity,
              setup.policy().network().inputs(),
              setup.policy().actionSpace().size(),
              setup.policy().actionSpace().maskSize());
      workers[i] = new PpoGradient(setup.policy(), setup.engine(), partCapacity);
    }
    crew = new WorkerCrew("gradients", count, count);
  }

  /** The minibatch's parts, to be gathered before {@link #compute}. */
  PpoMinibatch part(int worker) {
    return parts[worker];
  }

  /** How many parts there are. */
  int count() {
    return parts.length;
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
    this.parameters = parameters;
    this.coefficients = coefficients;
    rows = 0;
    for (PpoMinibatch part : parts) {
      rows += part.count();
    }
    Arrays.fill(failures, null);
    crew.run(work);
    throwFirstFailure();
    measured.clear();
    for (int i = 0; i < workers.length; i++) {
      float[] part = workers[i].gradient();
      if (i == 0) {
        System.arraycopy(part, 0, gradient, 0, gradient.length);
      } else {
        for (int k = 0; k < gradient.length; k++) {
          gradient[k] += part[k];
        }
      }
      measured.add(workers[i].measurements());
    }
  }

  private void computeParts(int from, int to) {
    for (int i = from; i < to; i++) {
      try {
        workers[i].compute(parameters, parts[i], rows, coefficients);
      } catch (RuntimeException | Error e) {
        failures[i] = e;
      }
    }
  }

  private void throwFirstFailure() {
    for (Throwable failure : failures) {
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
    }
  }

  @Override
  public void close() {
    crew.close();
    for (PpoGradient worker : workers) {
      worker.close();
    }
  }
}
