package org.mobula.tune.storage;

import java.util.Locale;

/** Where a trial stands; the order is that of the journal's format. */
public enum TrialState {
  /** Runs, or is paused. */
  RUNNING,
  /** Ended by itself, with its values. */
  COMPLETE,
  /** Ended early by a scheduler. */
  PRUNED,
  /** Ended by an error, a limit or NaN. */
  FAIL,
  /** Asked for by somebody and not begun. */
  WAITING;

  /** As people call it. */
  public String word() {
    return this == FAIL ? "failed" : name().toLowerCase(Locale.ROOT);
  }

  /** Whether nothing of such a trial changes any more. */
  public boolean isFinished() {
    return this == COMPLETE || this == PRUNED || this == FAIL;
  }
}
