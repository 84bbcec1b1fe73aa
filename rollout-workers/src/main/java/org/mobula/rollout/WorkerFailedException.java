package org.mobula.rollout;

import java.util.List;

/**
 * A worker failed more often than it may be started again, or its environment gave a number that is
 * none, which is no accident of one worker. The cause is its last failure's.
 */
public final class WorkerFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // an immutable JDK list of serialisable records
  private final List<WorkerFailure> history;

  WorkerFailedException(List<WorkerFailure> history) {
    super(message(history), history.get(history.size() - 1).cause());
    this.history = List.copyOf(history);
  }

  /** The end at once. */
  WorkerFailedException(WorkerFailure failure) {
    super(failure.message(), failure.cause());
    this.history = List.of(failure);
  }

  /** All failures of this worker since the run began or was resumed; the first comes first. */
  public List<WorkerFailure> history() {
    return history;
  }

  private static String message(List<WorkerFailure> history) {
    WorkerFailure last = history.get(history.size() - 1);
    StringBuilder text = new StringBuilder(last.message());
    text.append("; failure ").append(last.failures());
    text.append(" of this worker, and workers.max-restarts is ").append(last.maxRestarts());
    for (WorkerFailure earlier : history.subList(0, history.size() - 1)) {
      text.append("; failure ").append(earlier.failures()).append(": ").append(earlier.reason());
    }
    return text.append(". Mend the environment, or allow more restarts").toString();
  }
}
