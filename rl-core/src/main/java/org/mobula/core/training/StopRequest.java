package org.mobula.core.training;

import org.jspecify.annotations.Nullable;

/**
 * Whether a run is asked to end: by a call from any thread, or by an interrupt of the thread that
 * trains, which is set aside while files are written, since they cannot be under one.
 */
final class StopRequest {
  private volatile @Nullable String reason;
  private boolean interrupted;

  /** Asks, from any thread; the last reason stands. */
  void make(String why) {
    reason = why;
  }

  boolean isMade() {
    return reason != null;
  }

  /** For a person to read; null while nobody has asked. */
  @Nullable String reason() {
    return reason;
  }

  /** Asked in the thread that trains, between two steps: whether there is a request of any kind. */
  boolean isMadeOrInterrupted() {
    return isMade() || Thread.currentThread().isInterrupted();
  }

  /** Sets the interrupt of this thread aside, and takes it for a request. */
  void takeInterrupt() {
    if (Thread.interrupted()) {
      interrupted = true;
      if (!isMade()) {
        make("the thread that trains was interrupted");
      }
    }
  }

  /** Interrupts this thread again, if it was. */
  void giveInterruptBack() {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
