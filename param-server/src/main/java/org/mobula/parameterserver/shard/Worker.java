package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;

/** A worker as its shard knows it, also after it has left: its pushes may still come again. */
final class Worker {
  final int number;
  long session;

  /** Clock of the last push that was applied or dropped. */
  long done;

  /** Clock of the last push that was applied. */
  long applied;

  boolean lastWasLate;

  /** Of the step that the last push was part of. */
  double[] lastSums = new double[0];

  /** Steps as bounded staleness counts them. */
  long progress;

  boolean present;

  /** Its connection is gone, and it has not come back yet. */
  boolean disconnected;

  long leaseEnds;

  /** The push that is neither applied nor dropped. */
  @Nullable Turn turn;

  Worker(int number) {
    this.number = number;
  }

  Member member() {
    return new Member(number, session, applied, progress, present);
  }
}
