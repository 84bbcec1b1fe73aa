package org.mobula.tune.scheduler;

/** What a trial that has reported is to do. */
public enum Decision {
  /** Go on. */
  CONTINUE,
  /** Save a checkpoint and return; it may be resumed from there. */
  PAUSE,
  /** Return; it is over. */
  STOP
}
