package org.mobula.serve.batch;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Tensor;

/** A request on its way through a batcher, ended once. */
final class Work extends AtomicBoolean {
  private static final long serialVersionUID = 1L;

  final transient List<Tensor> inputs;
  final transient Batch.Request request;
  final transient Completion completion;
  final long acceptedNanos;
  final long deadlineNanos;

  Work(
      List<Tensor> inputs,
      Map<String, Object> parameters,
      long acceptedNanos,
      long deadlineNanos,
      Completion completion) {
    this.inputs = inputs;
    this.request = new Batch.Request(inputs.get(0).rows(), parameters);
    this.acceptedNanos = acceptedNanos;
    this.deadlineNanos = deadlineNanos;
    this.completion = completion;
  }

  int rows() {
    return request.rows();
  }

  boolean isExpired(long nowNanos) {
    return nowNanos - deadlineNanos >= 0;
  }

  /** True for the one caller that may tell the completion. */
  boolean end() {
    return !get() && compareAndSet(false, true);
  }
}
