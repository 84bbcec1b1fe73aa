package org.mobula.core.runtime.local;

import org.mobula.core.runtime.Resources;

/**
 * Resources held by one job, guarded by the scheduler's lock. The CPU share goes back into the pool
 * while every thread that runs on the grant is blocked (an actor may have several).
 */
final class Grant {
  final Resources resources;
  final long cpuMicros;
  boolean cpuHeld = true;

  /** Stays with its actor between jobs. */
  boolean kept;

  /** Threads that run on it, and threads on it that wait for another job. */
  int unblocked;

  int blocked;

  Grant(Resources resources) {
    this.resources = resources;
    this.cpuMicros = resources.micros(Resources.CPU);
  }
}
