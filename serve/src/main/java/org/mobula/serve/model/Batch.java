package org.mobula.serve.model;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * The rows of some requests, one request after the other.
 *
 * @param inputs in the order of the signature, with the rows of all requests
 * @param requests whose rows these are
 */
public record Batch(List<Tensor> inputs, List<Request> requests) implements Serializable {
  /**
   * What a batch knows of a request.
   *
   * @param rows how many are its own
   * @param parameters such as {@code seed}
   */
  public record Request(int rows, Map<String, Object> parameters) implements Serializable {}

  /** Rows of all requests. */
  public int rows() {
    return inputs.get(0).rows();
  }
}
