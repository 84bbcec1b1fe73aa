package org.mobula.parameterserver.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A worker's push from its arrival until it is applied or dropped. */
final class Turn {
  final Worker worker;
  final Push push;

  /** Another one where the worker means a later round. */
  Round round;

  /** The worker's own array; let go when the round's mean is there. */
  FloatSlice gradient;

  /** More than one where the push came again. */
  final List<Waiter> waiters = new ArrayList<>();

  /** Somebody to be answered, and who takes the values then. */
  record Waiter(CompletableFuture<Stepped> future, SliceReader values) {}

  /** The round that the worker means, by its version. */
  long named() {
    return push.baseVersion();
  }

  Turn(Worker worker, Push push, Round round, FloatSlice gradient) {
    this.worker = worker;
    this.push = push;
    this.round = round;
    this.gradient = gradient;
  }
}
