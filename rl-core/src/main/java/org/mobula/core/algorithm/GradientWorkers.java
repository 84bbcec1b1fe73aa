package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parallel.WorkerCrew;

/**
 * Shares each minibatch among threads, the caller's among them. The parts are added in their order,
 * so the result is the same bits for a given number of workers.
 *
 * @param <P> what an algorithm makes of its part of a minibatch
 */
public final class GradientWorkers<P extends GradientPart> implements AutoCloseable {
  private final List<P> parts = new ArrayList<>();
  private final @Nullable Throwable[] failures;
  private final WorkerCrew crew;
  private final WorkerCrew.Work work = this::computeParts;

  // The minibatch in hand; written by the caller before each turn of the crew.
  private float[] parameters = {};
  private int rows;

  /**
   * Workers for minibatches of at most so many rows.
   *
   * @param workers threads; not more than rows
   * @param capacity rows of the largest minibatch
   * @param maker makes a part for at most so many rows; closed with the workers
   */
  public GradientWorkers(int workers, int capacity, IntFunction<P> maker) {
    int count = Math.min(workers, capacity);
    int partCapacity = (capacity + count - 1) / count;
    failures = new Throwable[count];
    for (int i = 0; i < count; i++) {
      parts.add(maker.apply(partCapacity));
    }
    crew = new WorkerCrew("gradients", count, count);
  }

  /** A part of the minibatch, whose rows are to be gathered before {@link #compute}. */
  public P part(int worker) {
    return parts.get(worker);
  }

  /** How many parts there are. */
  public int count() {
    return parts.size();
  }

  /**
   * The first of a minibatch's rows that a worker takes; those of the next worker follow its own.
   *
   * @param minibatchSize rows of the minibatch
   */
  public int firstRow(int worker, int minibatchSize) {
    return minibatchSize * worker / parts.size();
  }

  /**
   * Computes the gradient of the minibatch's mean loss.
   *
   * @param at parameters that the gradient is taken at
   * @param gradient receives it
   */
  public void compute(float[] at, float[] gradient) {
    parameters = at;
    rows = 0;
    for (int i = 0; i < parts.size(); i++) {
      rows += parts.get(i).count();
    }
    Arrays.fill(failures, null);
    crew.run(work);
    throwFirstFailure();
    for (int i = 0; i < parts.size(); i++) {
      float[] part = parts.get(i).gradient();
      if (i == 0) {
        System.arraycopy(part, 0, gradient, 0, gradient.length);
      } else {
        for (int k = 0; k < gradient.length; k++) {
          gradient[k] += part[k];
        }
      }
    }
  }

  private void computeParts(int from, int to) {
    for (int i = from; i < to; i++) {
      try {
        parts.get(i).compute(parameters, rows);
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
    parts.forEach(GradientPart::close);
  }
}
