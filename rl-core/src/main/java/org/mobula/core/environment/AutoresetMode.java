package org.mobula.core.environment;

/** What a vector environment does when one of its episodes is over. */
public enum AutoresetMode {
  /** Resets in the same step; the last observation is handed over beside the first new one. */
  SAME_STEP,
  /**
   * The next step ignores its action and resets, with reward 0; it is no transition to learn from.
   */
  NEXT_STEP,
  /** The caller resets. */
  DISABLED
}
