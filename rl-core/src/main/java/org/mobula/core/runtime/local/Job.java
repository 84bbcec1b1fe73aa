package org.mobula.core.runtime.local;

/** Something a carrier can run: a task's attempt, or a batch of an actor's calls. */
interface Job {
  void run(Carrier carrier);

  /** False once there is nothing left to run, e.g. for a task cancelled while it waited. */
  boolean isWaiting();
}
