package org.mobula.core.training;

/** A run that failed; the message tells where and what to try. */
public final class TrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean divergence;

  /** What failed is told by its own words. */
  TrainingException(String what, Throwable cause) {
    this(
        what + ": " + (cause.getMessage() == null ? cause.toString() : cause.getMessage()),
        cause,
        false);
  }

  TrainingException(String message, Throwable cause, boolean divergence) {
    super(message, cause);
    this.divergence = divergence;
  }

  /**
   * Whether learning diverged: its numbers became NaN or infinite. To resume with the same settings
   * would end in the same way.
   */
  public boolean isDivergence() {
    return divergence;
  }
}
