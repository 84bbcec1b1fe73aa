package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** A differentiable function made of engine operations, with the parameters it depends on. */
interface TensorFunction {
  /** The parameters' arrays in the order of the layout. */
  NDList parameters();

  /**
   * Computes the outputs. An operation's result belongs to the scope of its first operand; so each
   * operation here starts from the inputs, and what starts from a parameter is moved to the scope.
   *
   * @param inputs {@code [batch][inputs]}
   * @return {@code [batch][outputs]}, in the scope of the inputs
   */
  NDArray apply(NDArray inputs);
}
