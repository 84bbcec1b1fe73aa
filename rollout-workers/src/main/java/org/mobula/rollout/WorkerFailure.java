package org.mobula.rollout;

import java.io.Serializable;
import java.util.Optional;
import org.mobula.core.environment.EnvironmentException;

/**
 * A worker threw or died.
 *
 * @param worker its index, from 0
 * @param failures how often this worker has failed in the run, this time included
 * @param maxRestarts how often it may be started again: {@code workers.max-restarts}
 * @param cause what it threw, as it threw it; or the runtime's word that it died
 */
public record WorkerFailure(int worker, int failures, int maxRestarts, Throwable cause)
    implements Serializable {
  /** The environment that failed, with its seed, episode and step; empty if it was not one. */
  public Optional<EnvironmentException> environment() {
    for (Throwable at = cause; at != null; at = at.getCause()) {
      if (at instanceof EnvironmentException failed) {
        return Optional.of(failed);
      }
    }
    return Optional.empty();
  }

  /** Whether the worker is started again; else the run fails. */
  public boolean isRestarted() {
    return failures <= maxRestarts;
  }

  /** What happened to whom, for a person. */
  public String message() {
    return "rollout worker " + worker + ": " + reason();
  }

  String reason() {
    return environment()
        .map(failed -> "its " + failed.getMessage())
        .orElseGet(() -> cause.getMessage() == null ? cause.toString() : cause.getMessage());
  }
}
