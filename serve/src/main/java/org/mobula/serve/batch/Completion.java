package org.mobula.serve.batch;

import java.util.List;
import org.mobula.serve.model.Tensor;

/** Who waits for a request's result. One of the ends is called, once, from any thread. */
public interface Completion {
  /** Whether nobody waits any longer; then the request is not computed if it was not yet. */
  boolean isAbandoned();

  /** Whether the answer goes to a client; else it is computed to compare, and counted apart. */
  default boolean isHeard() {
    return true;
  }

  /** What the request calls itself, for the log; empty if it has no name. */
  default String requestId() {
    return "";
  }

  /** The outputs in the order of the signature. */
  void succeed(List<Tensor> outputs);

  /** There are none. */
  void fail(Failure failure);
}
