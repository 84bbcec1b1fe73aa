package org.mobula.core.algorithm;

/**
 * One thread's part of a minibatch: its rows, and what their gradient is computed with. What else
 * the gradient depends on, such as coefficients of the loss, the learner sets before the threads
 * start.
 */
public interface GradientPart extends AutoCloseable {
  /** Rows gathered for the minibatch in hand. */
  int count();

  /**
   * Computes the gradient of the part's share of the minibatch's mean loss; zero where it has no
   * rows, since the last minibatch may have fewer of them than there are threads.
   *
   * @param parameters at which the gradient is taken
   * @param minibatchSize rows of the whole minibatch
   */
  void compute(float[] parameters, int minibatchSize);

  /** The gradient of the last {@link #compute}. */
  float[] gradient();

  @Override
  void close();
}
