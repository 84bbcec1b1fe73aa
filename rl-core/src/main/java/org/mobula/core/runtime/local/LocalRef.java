package org.mobula.core.runtime.local;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.DeadlineExceededException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.RuntimeEvent.Kind;
import org.mobula.core.runtime.TaskCancelledException;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskOptions;

/**
 * A reference and the state of the work behind it, in one object. Whoever moves the state to {@code
 * SETTLING} alone decides the outcome: the carrier that ran the work, or one who cancels it.
 */
abstract class LocalRef<T extends @Nullable Object> implements ObjectRef<T> {
  private static final int PENDING = 0;
  private static final int RUNNING = 1;
  private static final int SETTLING = 2;
  private static final int SUCCEEDED = 3;
  private static final int FAILED = 4;

  private static final VarHandle STATE;
  private static final VarHandle WAITERS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(LocalRef.class, "state", int.class);
      WAITERS = lookup.findVarHandle(LocalRef.class, "waiters", Waiter.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final LocalTaskRuntime runtime;
  final TaskOptions options;
  int attempt = 1;
  private volatile int state;
  private @Nullable Object outcome; // value (strict: its envelope) or TaskException; see state
  private volatile @Nullable Waiter waiters;
  private @Nullable Thread runner; // set before RUNNING, read only by who took it to SETTLING
  private @Nullable Future<?> deadlineTimer;
  private long id;

  LocalRef(LocalTaskRuntime runtime, TaskOptions options) {
    this.runtime = runtime;
    this.options = options;
  }

  /** Name of the actor for a call, else empty. */
  abstract String actorName();

  /** Lets go of the code and whatever it captured. */
  abstract void forgetBody();

  @Override
  public final String name() {
    return options.name();
  }

  @Override
  public final boolean isDone() {
    return state >= SUCCEEDED;
  }

  final boolean isPending() {
    return state == PENDING;
  }

  final boolean isRunning() {
    return state == RUNNING;
  }

  final @Nullable TaskException failure() {
    return state == FAILED ? (TaskException) outcome : null;
  }

  /** The value of a reference that is done, or its error. */
  @SuppressWarnings({"unchecked", "NullAway"}) // null exactly where T allows it
  final T value() {
    TaskException failure = failure();
    if (failure != null) {
      throw failure;
    }
    return outcome instanceof Envelope envelope ? (T) envelope.open() : (T) outcome;
  }

  final long id() {
    synchronized (this) {
      if (id == 0) {
        id = runtime.nextId();
      }
      return id;
    }
  }

  final void emit(Kind kind, String detail) {
    if (runtime.isObserved()) {
      runtime.emit(kind, id(), name(), actorName(), attempt, detail);
    }
  }

  // Running.

  /** The carrier takes the work; false if it was cancelled meanwhile. */
  final boolean begin(Carrier carrier) {
    runner = carrier;
    carrier.current = this;
    if (!STATE.compareAndSet(this, PENDING, RUNNING)) {
      return false;
    }
    runtime.counters.started.increment();
    emit(Kind.STARTED, "");
    return true;
  }

  /** Back in line for another attempt; false if it was cancelled meanwhile. */
  final boolean retry(Throwable error) {
    if (!STATE.compareAndSet(this, RUNNING, SETTLING)) {
      return lost();
    }
    Thread.interrupted();
    emit(Kind.RETRIED, LocalTaskRuntime.words(error));
    attempt++;
    runtime.counters.ended.increment();
    runtime.counters.retried.increment();
    STATE.setVolatile(this, PENDING);
    return true;
  }

  /** A task that fails at once would otherwise be busy failing. */
  final void pauseBeforeRetry() {
    runtime.pause(runtime.clock.nanoTime() + Backoff.nanos(attempt - 1), this::isDone);
  }

  final boolean isRetried(Throwable error) {
    int maxRetries = options.maxRetries();
    if ((maxRetries != -1 && attempt > maxRetries) || !isRunning() || runtime.isClosed()) {
      return false;
    }
    try {
      return options.retryOn().retries(error);
    } catch (RuntimeException | Error e) {
      error.addSuppressed(e);
      return false;
    }
  }

  /** The carrier's value counts unless the work was cancelled meanwhile. */
  final void succeed(@Nullable Object value) {
    if (!STATE.compareAndSet(this, RUNNING, SETTLING)) {
      lost();
      return;
    }
    Thread.interrupted(); // what the task did to its own flag is not the next one's business
    outcome = value;
    runtime.counters.ended.increment();
    runtime.counters.succeeded.increment();
    emit(Kind.SUCCEEDED, "");
    publish(SUCCEEDED);
  }

  /** The carrier's error counts unless the work was cancelled meanwhile. */
  final void fail(TaskException error) {
    if (!STATE.compareAndSet(this, RUNNING, SETTLING)) {
      lost();
      return;
    }
    Thread.interrupted();
    runtime.counters.ended.increment();
    settleFailed(error);
  }

  private boolean lost() {
    while (state == SETTLING) {
      Thread.onSpinWait(); // the interrupt is on its way to this thread; wait for it, then drop it
    }
    Thread.interrupted();
    runtime.counters.ended.increment();
    return false;
  }

  // Ending from outside.

  final boolean cancel(String reason) {
    String message = "task '%s' was cancelled: %s".formatted(name(), reason);
    return end(new TaskCancelledException(message, name(), attempt));
  }

  final void expire() {
    String message =
        "task '%s' was %s when its deadline of %s passed (attempt %s)"
            .formatted(name(), isRunning() ? "running" : "waiting", options.deadline(), attempt);
    end(new DeadlineExceededException(message, name(), attempt));
  }

  /** Ends the work with this error, running or not; false if it was done already. */
  final boolean end(TaskException error) {
    Deque<LocalRef<?>> finished = new ArrayDeque<>();
    boolean ended = endQuietly(error);
    if (ended) {
      finished.add(this);
      tellAll(finished);
    }
    return ended;
  }

  /** As {@link #end}, but those who wait are told by the caller. */
  private boolean endQuietly(TaskException error) {
    while (true) {
      int now = state;
      if (now >= SUCCEEDED) {
        return false;
      }
      if (now == SETTLING) {
        Thread.onSpinWait();
      } else if (STATE.compareAndSet(this, now, SETTLING)) {
        if (now == PENDING) {
          runtime.counters.unstarted.increment();
        } else if (runner != null) {
          runner.interrupt();
        }
        record(error);
        finishAs(FAILED);
        return true;
      }
    }
  }

  final void endBecauseOf(LocalRef<?> dependency) {
    Deque<LocalRef<?>> finished = new ArrayDeque<>();
    endBecauseOf(dependency, finished);
    tellAll(finished);
  }

  final void endBecauseOf(LocalRef<?> dependency, Deque<LocalRef<?>> finished) {
    TaskException error = dependency.failure();
    if (error == null) {
      return;
    }
    Throwable cause = error.getCause() == null ? error : error.getCause();
    String message =
        "task '%s' did not run because its dependency '%s' failed: %s"
            .formatted(name(), dependency.name(), LocalTaskRuntime.words(cause));
    if (endQuietly(new TaskException(message, name(), attempt, cause))) {
      finished.add(this);
    }
  }

  private void settleFailed(TaskException error) {
    record(error);
    publish(FAILED);
  }

  private void record(TaskException error) {
    outcome = error;
    boolean cancelled = error instanceof TaskCancelledException;
    (cancelled ? runtime.counters.cancelled : runtime.counters.failed).increment();
    emit(cancelled ? Kind.CANCELLED : Kind.FAILED, String.valueOf(error.getMessage()));
  }

  /** For a value that is there from the start. */
  final void complete(@Nullable Object value) {
    outcome = value;
    state = SUCCEEDED;
  }

  // Telling those who wait.

  final void expireWith(Future<?> timer) {
    deadlineTimer = timer;
    if (isDone()) {
      timer.cancel(false);
    }
  }

  private void publish(int finalState) {
    finishAs(finalState);
    if (waiters != null) {
      Deque<LocalRef<?>> finished = new ArrayDeque<>();
      finished.add(this);
      tellAll(finished);
    }
  }

  private void finishAs(int finalState) {
    runner = null;
    forgetBody();
    STATE.setVolatile(this, finalState);
    Future<?> timer = deadlineTimer;
    if (timer != null) {
      timer.cancel(false);
    }
  }

  /** Puts an entry on the list; false, and nothing will be told, if this is done already. */
  final boolean tell(Waiter waiter) {
    while (!isDone()) {
      Waiter head = waiters;
      while (head != null && head.isAbandoned()) {
        WAITERS.compareAndSet(this, head, head.next);
        head = waiters;
      }
      waiter.next = head;
      if (WAITERS.compareAndSet(this, head, waiter)) {
        if (isDone()) {
          Deque<LocalRef<?>> finished = new ArrayDeque<>();
          finished.add(this);
          tellAll(finished);
        }
        return true;
      }
    }
    return false;
  }

  private static void tellAll(Deque<LocalRef<?>> finished) {
    for (LocalRef<?> ref = finished.poll(); ref != null; ref = finished.poll()) {
      Waiter list = (Waiter) WAITERS.getAndSet(ref, null);
      Waiter ordered = null;
      while (list != null) { // the list is a stack; those who came first shall be told first
        Waiter next = list.next;
        list.next = ordered;
        ordered = list;
        list = next;
      }
      for (Waiter waiter = ordered; waiter != null; waiter = waiter.next) {
        waiter.done(ref, finished);
      }
    }
  }
}
