package org.mobula.rollout;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.Experience;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.runtime.ObjectRef;

/** What one worker collects by one policy: still to be asked for, under way, or there. */
final class Share {
  final int worker;

  /** Grows from share to share, over all workers. */
  final long number;

  /** The rollout, from 0, that was asked for with the policy of this share. */
  final long iteration;

  private final @Nullable Order order; // none once it is there and read from a checkpoint

  /** The worker's answer; null where it is yet to be asked. */
  @Nullable ObjectRef<RolloutWorker.Part> answer;

  /** What was collected, in the worker's own memory until somebody keeps it. */
  @Nullable Experience experience;

  /** Whether the experience is a copy. */
  boolean kept;

  Share(int worker, long number, long iteration, @Nullable Order order) {
    this.worker = worker;
    this.number = number;
    this.iteration = iteration;
    this.order = order;
  }

  Order order() {
    return Objects.requireNonNull(order);
  }

  /**
   * By what to collect.
   *
   * @param policy never changed
   * @param shipped the same, for the workers
   * @param environmentSteps that the run had taken then
   * @param resetOptions of the episodes that start meanwhile
   */
  record Order(
      PolicySnapshot policy,
      ObjectRef<PolicySnapshot> shipped,
      long environmentSteps,
      Map<String, Object> resetOptions) {}
}
