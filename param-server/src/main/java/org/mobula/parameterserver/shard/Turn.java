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

  /** Let go when the round's mean is there. */
  SliceNumbers.Vector gradient;

  /** More than one where the push came again. */
  final List<Waiter> waiters = new ArrayList<>();

  /** Somebody to be answered, and who takes the values then. */
  record Waiter(CompletableFuture<Stepped> future, SliceReader values) {}

  /** The round that the worker means, by its version. */
  long named() {
    return push.baseVersion();
  }

  /** The gradient is of no use any more. */
  void letGo() {
    gradient.close();
    gradient = SliceNumbers.Vector.NONE;
  }

  Turn(Worker worker, Push push, Round round, SliceNumbers.Vector gradient) {
    this.worker = worker;
    this.push = push;
    this.round = round;
    this.gradient = gradient;
  }
}
