package org.mobula.serve.model;

import java.util.List;

/** A model at work, in one thread at a time. */
public interface ModelRunner extends AutoCloseable {
  /**
   * Computes a batch.
   *
   * @return the outputs in the order of the signature, and the next state if the model has any,
   *     with as many rows as the batch; arrays that this runner does not touch again
   */
  List<Tensor> compute(Batch batch);

  /** Frees what it holds. */
  @Override
  void close();
}
