package org.mobula.rollout;

import java.time.Duration;
import org.mobula.core.environment.StepInProgress;

/** A step of an environment has taken longer than {@code workers.step-timeout}. */
public final class StepTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StepTimeoutException(StepInProgress step, Duration timeout) {
    super(
        "its "
            + step
            + " has not returned for "
            + timeout.toMillis() / 1e3
            + " s, and workers.step-timeout allows no more");
  }
}
