package org.mobula.parameterserver.gpu;

import java.util.Map;
import org.mobula.core.optimizer.Optimizer;

/**
 * An {@link Optimizer} beside the vectors of a {@link ShardArithmetic}, with the same bits in every
 * step. Not safe for several threads at once.
 */
public interface ShardOptimizer extends AutoCloseable {
  /**
   * Takes one step of a network with a gradient that is clipped on the way.
   *
   * @param network its place among the layout's
   * @param parameters the slice, changed in place
   * @param gradient of the slice; left as it is
   * @param learningRate before the groups' own factors
   * @param clipCoefficient what {@code GradientClipping.coefficient} gives; 1 for no clipping
   */
  void step(
      int network,
      ShardArithmetic.Vector parameters,
      ShardArithmetic.Vector gradient,
      double learningRate,
      double clipCoefficient);

  /** Takes one step of the first network. */
  default void step(
      ShardArithmetic.Vector parameters,
      ShardArithmetic.Vector gradient,
      double learningRate,
      double clipCoefficient) {
    step(0, parameters, gradient, learningRate, clipCoefficient);
  }

  /** Steps taken, of all networks. */
  long steps();

  /** Copies of the vectors that it remembers, under PyTorch's names. */
  Map<String, float[]> moments();

  /**
   * Goes on from what another optimizer of the same kind remembered.
   *
   * @throws IllegalArgumentException if the names or lengths are not this optimizer's
   */
  void restore(long steps, Map<String, float[]> saved);

  /** Gives the memory back. */
  @Override
  void close();
}
