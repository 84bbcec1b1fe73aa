package org.mobula.core.runtime.local;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorBrokenException;
import org.mobula.core.runtime.ActorCall;
import org.mobula.core.runtime.TaskOptions;

/** A call to an actor: its reference and its state. */
final class CallRef<A, R extends @Nullable Object> extends LocalRef<R> {
  final LocalActor<A> actor;

  /** The actor's object it runs on, set before it begins. */
  volatile @Nullable Life<A> life;

  private @Nullable Object body; // an ActorCall; strict: the envelope of one

  CallRef(LocalActor<A> actor, TaskOptions options, Object body) {
    super(actor.runtime, options);
    this.actor = actor;
    this.body = body;
  }

  /** Runs on the actor's object; takes its snapshot before the result is out. */
  void run(Life<A> on, Carrier carrier) {
    Object code = body;
    while (code != null && begin(carrier)) {
      Object result;
      try {
        result = runtime.isStrict() ? runStrict(code, on) : asCall(code).call(on.object);
      } catch (ActorBrokenException broken) {
        actor.die(on, broken.toString(), broken, true);
        fail(actor.diedUnder(this, broken));
        return;
      } catch (Throwable thrown) {
        Throwable error = runtime.known(thrown);
        if (isRetried(error)) {
          if (retry(error)) {
            pauseBeforeRetry();
            if (!runtime.isClosed()) {
              continue;
            }
            cancel(LocalTaskRuntime.CLOSED);
          }
        } else {
          fail(runtime.failure(this, error));
        }
        return;
      }
      if (on.snapshotable != null) {
        actor.snapshot(on);
      }
      succeed(result);
      return;
    }
  }

  private Envelope runStrict(Object code, Life<A> on) throws Exception {
    return LocalTaskRuntime.with(
        on.classes,
        () -> {
          Object result = asCall(((Envelope) code).open()).call(on.object);
          return runtime.pack(
              "the result of call '%s' to %s".formatted(name(), actor.name()), result);
        });
  }

  @SuppressWarnings("unchecked")
  private ActorCall<? super A, R> asCall(@Nullable Object code) {
    return (ActorCall<? super A, R>) Objects.requireNonNull(code);
  }

  @Override
  String actorName() {
    return actor.name();
  }

  @Override
  void forgetBody() {
    body = null;
    life = null;
  }
}
