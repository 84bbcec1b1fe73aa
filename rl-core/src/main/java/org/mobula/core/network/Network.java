package org.mobula.core.network;

import org.jspecify.annotations.Nullable;

/**
 * A differentiable function of a batch of input rows and a flat parameter vector. Losses give their
 * gradient at the outputs; the network carries it back to the parameters.
 *
 * <p>Matrices are row-major {@code [batch][feature]} and may be longer than the batch needs. An
 * instance holds the workspace of one thread at a time; {@link #copy} makes one for another thread.
 */
public interface Network extends AutoCloseable {
  /** How the parameters lie in the flat vector. */
  ParameterLayout layout();

  /** Numbers in an input row. */
  int inputs();

  /** Numbers in an output row. */
  int outputs();

  /**
   * Takes a copy of these parameters for all that follows.
   *
   * @throws IllegalArgumentException if there are fewer than the layout has
   */
  void setParameters(float[] parameters);

  /**
   * Computes the outputs and keeps what {@link #backward} needs, until the next call.
   *
   * @param inputs {@code [batch][inputs]}
   * @param batch number of rows, at least 1
   * @param outputs receives {@code [batch][outputs]}
   * @throws IllegalArgumentException if batch is below 1
   */
  void forward(float[] inputs, int batch, float[] outputs);

  /**
   * Carries the gradient of a loss back through the last {@link #forward}, which may be done more
   * than once.
   *
   * @param outputGradients {@code [batch][outputs]}, the loss differentiated by each output
   * @param parameterGradient receives the loss differentiated by each parameter (overwritten),
   *     unless null: an actor that learns from a critic needs the gradient at the critic's inputs
   *     alone, which spares a third of the work
   * @param inputGradients receives {@code [batch][inputs]} (overwritten), unless null
   * @throws IllegalStateException if nothing went forward since the parameters were set
   */
  void backward(
      float[] outputGradients,
      float @Nullable [] parameterGradient,
      float @Nullable [] inputGradients);

  /** The same function with the same parameters and a workspace of its own. */
  Network copy();

  /** Frees native memory where the network has any; a second call does nothing. */
  @Override
  void close();
}
