package org.mobula.core.runtime;

import java.io.Serializable;

/** Which errors are worth another attempt. */
@FunctionalInterface
public interface RetryRule extends Serializable {
  /** True if the task shall run again after this error. */
  boolean retries(Throwable error);

  /** Every {@link Exception}; not {@link Error}s such as a failed assertion or exhausted memory. */
  static RetryRule onAnyException() {
    return on(Exception.class);
  }

  /** Errors of this class and its subclasses. */
  static RetryRule on(Class<? extends Throwable> type) {
    return type::isInstance;
  }

  /** Errors of either rule. */
  default RetryRule or(RetryRule other) {
    return error -> retries(error) || other.retries(error);
  }
}
