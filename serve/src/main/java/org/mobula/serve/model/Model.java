package org.mobula.serve.model;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * Something that computes outputs from inputs, row by row: the rows of several requests may be
 * computed together. It never changes and may travel to where its replicas run.
 */
public interface Model extends Serializable {
  /** What it takes and gives. */
  Signature signature();

  /**
   * What it keeps between the requests of a session, such as a recurrent network's state. {@link
   * ModelRunner#compute} is given it behind the inputs, zeros at first, and gives the next one
   * behind the outputs.
   */
  default List<TensorSpec> state() {
    return List.of();
  }

  /**
   * Inputs for a first computation that nobody waits for, on which the model must compute: by
   * default zeros, with 1 for the dimensions that may be any.
   *
   * @param rows how many
   */
  default List<Tensor> trial(int rows) {
    return signature().zeros(rows);
  }

  /** What files of recorded answers say of them, by key; nothing unless overridden. */
  default Map<String, String> recordingMetadata() {
    return Map.of();
  }

  /** What computes it, for clients: {@code mobula_policy}. */
  String platform();

  /**
   * Checks what {@link Signature#check} cannot: values of the inputs, and parameters.
   *
   * @param inputs in the order of the signature, which they fit
   * @throws InvalidInputException saying what was expected
   */
  void check(List<Tensor> inputs, Map<String, Object> parameters);

  /** One that computes in a thread of its own. */
  ModelRunner runner();
}
