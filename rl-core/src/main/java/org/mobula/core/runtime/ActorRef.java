package org.mobula.core.runtime;

import org.jspecify.annotations.Nullable;

/** The handle of an actor. It may be captured by tasks, calls and other actors. */
public interface ActorRef<A> {
  /** The registered name, or a made-up one for an actor without. */
  String name();

  /**
   * Sends a call. With {@code maxConcurrency} 1 the calls of one caller run one at a time in the
   * order sent; never two at once. A call runs at most once on a living actor: one that was running
   * when the actor died fails with {@link ActorDiedException}, one still in the mailbox waits for
   * the restarted actor.
   *
   * @throws MailboxFullException if the mailbox is full and the actor's options say so
   */
  <R extends @Nullable Object> ObjectRef<R> call(ActorCall<? super A, R> call);

  /**
   * Sends a call with a name, a deadline, or retries of an error it throws (run again before the
   * next call, after the pauses that {@link TaskOptions#maxRetries} names).
   *
   * @throws IllegalArgumentException if the options ask for resources: those belong to the actor
   */
  <R extends @Nullable Object> ObjectRef<R> call(TaskOptions options, ActorCall<? super A, R> call);

  /** Sends a call that answers nothing; the reference tells when it is through. */
  default ObjectRef<@Nullable Void> run(ActorAction<? super A> action) {
    return this.<@Nullable Void>call(
        actor -> {
          action.run(actor);
          return null;
        });
  }
}
