package org.mobula.core.runtime.local;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorCall;
import org.mobula.core.runtime.ActorDiedException;
import org.mobula.core.runtime.ActorFactory;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.MailboxFullException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.RuntimeEvent.Kind;
import org.mobula.core.runtime.Snapshotable;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.WhenFull;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An actor: a mailbox and, one after another, the objects that serve it. It is queued as a job when
 * its mailbox gets its first call, and empties it in batches; {@code active} counts the queued and
 * running batches, never more than {@code maxConcurrency}.
 */
final class LocalActor<A> implements ActorRef<A>, Job {
  private static final Logger LOG = LoggerFactory.getLogger(LocalActor.class);
  private static final TaskOptions CALL = TaskOptions.named("call");

  /** Calls after which an actor goes to the end of the line. */
  private static final int BATCH = 256;

  /** Starts that fail in a row before callers hear of it. */
  private static final int PATIENCE = 8;

  /** Deaths that are remembered in words. */
  private static final int MEMORY = 16;

  final LocalTaskRuntime runtime;
  private final Scheduler scheduler;
  private final ActorOptions options;
  private final Object factory; // an ActorFactory; strict: the envelope of one
  private final long id;
  private final String name;
  private final Queue<CallRef<A, ?>> mailbox;
  private final @Nullable Semaphore room;
  private final AtomicInteger active;
  private final ReentrantLock birth = new ReentrantLock();

  private volatile @Nullable CallRef<A, ?> runningCall; // with maxConcurrency 1, else:
  private final Set<CallRef<A, ?>> runningCalls;

  // Guarded by this.
  private final ArrayDeque<String> deaths = new ArrayDeque<>(); // the latest
  private int died;
  private @Nullable Throwable lastCause;
  private @Nullable Object snapshot; // the state; strict: its envelope
  private @Nullable Grant grant;
  private int failedStarts; // in a row, and when the last one failed
  private long failedAtNanos;
  private volatile boolean grantAwaited;
  private volatile boolean dead;
  private volatile @Nullable Life<A> life;

  LocalActor(LocalTaskRuntime runtime, Scheduler scheduler, ActorOptions options, Object factory) {
    this.runtime = runtime;
    this.scheduler = scheduler;
    this.options = options;
    this.factory = factory;
    this.id = runtime.nextId();
    String given = options.name();
    this.name = given == null ? "actor-" + id : given;
    boolean single = options.maxConcurrency() == 1;
    this.mailbox = single ? new MpscUnboundedAtomicArrayQueue<>(64) : new ConcurrentLinkedQueue<>();
    // The start itself is the first batch; no other may run before the resources are there.
    this.active = new AtomicInteger(options.resources().isEmpty() ? 1 : options.maxConcurrency());
    this.runningCalls = single ? Set.of() : ConcurrentHashMap.newKeySet();
    int capacity = options.mailboxCapacity();
    this.room = capacity == ActorOptions.UNBOUNDED ? null : new Semaphore(capacity);
  }

  void start() {
    if (options.resources().isEmpty()) {
      scheduler.enqueue(this, options.callResources());
    } else {
      grantAwaited = true;
      scheduler.enqueueShaped(this, options.resources());
    }
  }

  // ActorRef

  @Override
  public String name() {
    return name;
  }

  @Override
  public <R extends @Nullable Object> ObjectRef<R> call(ActorCall<? super A, R> call) {
    return send(CALL, call);
  }

  @Override
  public <R extends @Nullable Object> ObjectRef<R> call(
      TaskOptions callOptions, ActorCall<? super A, R> call) {
    if (!callOptions.resources().equals(Resources.ONE_CPU)) {
      throw new IllegalArgumentException(
          "call '%s' to %s asks for %s, but resources belong to the actor: give them to its options"
              .formatted(callOptions.name(), this, callOptions.resources()));
    }
    return send(callOptions, call);
  }

  private <R extends @Nullable Object> CallRef<A, R> send(
      TaskOptions callOptions, ActorCall<? super A, R> call) {
    runtime.checkOpen();
    Object body = call;
    if (runtime.isStrict()) {
      body = runtime.pack("call '%s' to %s".formatted(callOptions.name(), this), call);
    }
    if (room != null && !room.tryAcquire()) {
      awaitRoom(room, callOptions);
    }
    CallRef<A, R> ref = new CallRef<>(this, callOptions, body);
    runtime.submitted(ref);
    mailbox.add(ref);
    activate();
    if (runtime.isClosed()) {
      runtime.cancelAtClose(this);
    }
    return ref;
  }

  private void awaitRoom(Semaphore mailboxRoom, TaskOptions callOptions) {
    String full =
        "the mailbox of %s is full (mailboxCapacity %s)".formatted(this, options.mailboxCapacity());
    if (options.whenFull() == WhenFull.FAIL) {
      throw new MailboxFullException(
          full + "; call '" + callOptions.name() + "' was not sent: slow down or wait for results");
    }
    if (isRunByCurrentThread()) {
      throw new MailboxFullException(
          full + " and only the actor itself, which is sending this call, can make room");
    }
    runtime.blocking(
        "room in the mailbox of " + this,
        () -> {
          mailboxRoom.acquire();
          return true;
        });
  }

  /** True if the current thread is the only one that could serve this actor's mailbox. */
  boolean isRunByCurrentThread() {
    return options.maxConcurrency() == 1
        && Thread.currentThread() instanceof Carrier carrier
        && carrier.current instanceof CallRef<?, ?> call
        && call.actor == this;
  }

  // Serving the mailbox.

  private void activate() {
    int most = options.maxConcurrency();
    for (int now = active.get(); now < most; now = active.get()) {
      if (active.compareAndSet(now, now + 1)) {
        enqueueBatch();
        return;
      }
    }
  }

  private void enqueueBatch() {
    Grant mine;
    synchronized (this) {
      mine = dead ? null : grant;
    }
    if (mine == null) {
      scheduler.enqueue(this, options.callResources());
    } else {
      scheduler.enqueueGranted(this, mine);
    }
  }

  @Override
  public boolean isWaiting() {
    return true;
  }

  @Override
  public void run(Carrier carrier) {
    if (grantAwaited) {
      grantAwaited = false;
      active.addAndGet(1 - options.maxConcurrency());
      Grant kept = scheduler.keepGrant(carrier);
      boolean late;
      synchronized (this) {
        late = dead;
        grant = late ? null : kept;
      }
      if (late) {
        scheduler.giveUp(kept);
      }
    }
    Life<A> mine = enter();
    int most = carrier.hasOneJob ? 1 : BATCH;
    int left = most;
    while (!runtime.isClosed()) {
      if (left-- == 0 || (left < most - 1 && scheduler.isCpuWanted())) {
        leave(mine);
        enqueueBatch();
        return;
      }
      CallRef<A, ?> call = mailbox.poll();
      if (call == null) {
        active.decrementAndGet();
        if (mailbox.isEmpty() || !reactivate()) {
          leave(mine);
          return;
        }
        continue;
      }
      if (room != null) {
        room.release();
      }
      mine = serve(call, mine, carrier);
    }
    leave(mine);
  }

  private boolean reactivate() {
    int now = active.get();
    return now < options.maxConcurrency() && active.compareAndSet(now, now + 1);
  }

  private @Nullable Life<A> serve(CallRef<A, ?> call, @Nullable Life<A> entered, Carrier carrier) {
    Life<A> mine = entered;
    setRunning(call);
    call.life = mine;
    while (mine == null || mine.over) { // looked at after call.life is set: a death meets the call
      leave(mine);
      mine = enter();
      if (mine == null) {
        if (!runtime.isClosed()) {
          call.end(diedUnder(call, null));
        } else {
          call.cancel(LocalTaskRuntime.CLOSED);
        }
        return null;
      }
      call.life = mine;
    }
    call.run(mine, carrier);
    if (options.maxConcurrency() > 1) {
      runningCalls.remove(call);
    }
    return mine;
  }

  private void setRunning(CallRef<A, ?> call) {
    if (options.maxConcurrency() == 1) {
      runningCall = call;
    } else {
      runningCalls.add(call);
    }
  }

  // Lives and deaths.

  /**
   * The present object, made now if there is none; null if the actor is dead for good, or if its
   * factory has failed so often that whoever waits is to hear of it.
   */
  private @Nullable Life<A> enter() {
    Life<A> found = join();
    if (found != null || dead) {
      return found;
    }
    int failedBefore = failedStarts();
    if (!birth.tryLock()) { // the factory may wait for tasks, which may need this thread's CPU
      runtime.blocking(
          "the start of " + this,
          () -> {
            birth.lockInterruptibly();
            return true;
          });
    }
    try {
      while (true) {
        found = join();
        if (found != null || dead || runtime.isClosed()) {
          return found;
        }
        int failed = failedStarts();
        if (failed >= PATIENCE && failed > failedBefore) {
          return null; // while this one waited for another's try
        }
        awaitNextStart();
        if (!dead && !runtime.isClosed() && !bear()) {
          failWaiting();
          return null;
        }
      }
    } finally {
      birth.unlock();
    }
  }

  private synchronized int failedStarts() {
    return failedStarts;
  }

  /** A factory that throws at once would otherwise be busy throwing. */
  private void awaitNextStart() {
    long end;
    synchronized (this) {
      if (failedStarts == 0) {
        return;
      }
      end = failedAtNanos + Backoff.nanos(failedStarts);
    }
    runtime.pause(end, () -> dead);
  }

  /** The calls in the mailbox fail; those that come later are worth another try. */
  private void failWaiting() {
    for (CallRef<A, ?> call : drain()) {
      call.end(diedUnder(call, null));
    }
  }

  private synchronized @Nullable Life<A> join() {
    Life<A> now = life;
    if (now != null) {
      now.users++;
    }
    return now;
  }

  private void leave(@Nullable Life<A> left) {
    if (left == null) {
      return;
    }
    synchronized (this) {
      left.users--;
    }
    if (left.over) {
      buryIfUnused(left);
    }
  }

  /** Makes an object, or fails to; false if callers shall not wait for the next try. */
  private boolean bear() {
    int deathsBefore;
    Object state;
    synchronized (this) {
      deathsBefore = died;
      state = snapshot;
    }
    Life<A> born;
    try {
      OwnClasses classes = runtime.ownClasses();
      born = LocalTaskRuntime.with(classes, () -> create(classes, state));
    } catch (Throwable error) {
      Thread.interrupted();
      runtime.counters.actorStartFailures.increment();
      boolean patient;
      synchronized (this) {
        failedStarts++;
        failedAtNanos = runtime.clock.nanoTime();
        patient = failedStarts < PATIENCE;
        if (died == deathsBefore) {
          recordDeath("its factory threw " + LocalTaskRuntime.words(error), error, true);
        }
      }
      settleDeath();
      return patient;
    }
    synchronized (this) {
      failedStarts = 0;
      if (died == deathsBefore && !dead) {
        life = born;
        if (deathsBefore > 0) {
          runtime.counters.actorRestarts.increment();
        }
        emit(deathsBefore == 0 ? Kind.ACTOR_STARTED : Kind.ACTOR_RESTARTED, "");
        return true;
      }
    }
    born.over = true; // killed while it was being made
    buryIfUnused(born);
    return true;
  }

  private Life<A> create(@Nullable OwnClasses classes, @Nullable Object state) throws Exception {
    Object code = runtime.isStrict() ? ((Envelope) factory).open() : factory;
    Life<A> made = new Life<>(asFactory(code).create(), classes);
    Snapshotable<Object> restorable = made.snapshotable;
    if (restorable != null && state != null) {
      restorable.restore(state instanceof Envelope e ? Objects.requireNonNull(e.open()) : state);
    }
    return made;
  }

  @SuppressWarnings("unchecked")
  private ActorFactory<A> asFactory(@Nullable Object code) {
    return (ActorFactory<A>) Objects.requireNonNull(code);
  }

  /** This object dies; nothing happens if it has died before. */
  void die(Life<A> dying, String reason, @Nullable Throwable cause, boolean restart) {
    synchronized (this) {
      if (dying.over) {
        return;
      }
      dying.over = true;
      life = null;
      recordDeath(reason, cause, restart);
    }
    settleDeath();
  }

  /** Whatever object it has, or is about to get, dies. */
  void kill(String reason, boolean restart) {
    Life<A> dying;
    synchronized (this) {
      if (dead) {
        return;
      }
      dying = life;
      life = null;
      if (dying != null) {
        dying.over = true;
      }
      recordDeath(reason, null, restart);
    }
    if (dying != null) {
      CallRef<A, ?> single = runningCall;
      for (CallRef<A, ?> call : single == null ? runningCalls : List.of(single)) {
        if (call.life == dying) {
          call.end(diedUnder(call, null));
        }
      }
      buryIfUnused(dying);
    }
    settleDeath();
  }

  private void recordDeath(String reason, @Nullable Throwable cause, boolean restart) {
    died++;
    deaths.add(reason);
    if (deaths.size() > MEMORY) {
      deaths.remove();
    }
    lastCause = cause;
    emit(Kind.ACTOR_DIED, reason);
    int most = options.maxRestarts();
    if (!restart || (most != -1 && died > most)) {
      dead = true;
    }
  }

  /** After the last death: frees the name and the resources, and lets waiting calls fail. */
  private void settleDeath() {
    if (!dead) {
      return;
    }
    runtime.forget(this);
    boolean neverGranted = grantAwaited && scheduler.withdraw(this, options.resources());
    if (neverGranted) {
      grantAwaited = false;
      active.addAndGet(1 - options.maxConcurrency());
      scheduler.enqueue(this); // its first batch, to answer the calls that waited
    } else {
      activate();
    }
    releaseGrant();
  }

  private void releaseGrant() {
    Grant mine;
    synchronized (this) {
      mine = grant;
      grant = null;
    }
    if (mine != null) {
      scheduler.giveUp(mine);
    }
  }

  private void buryIfUnused(Life<A> gone) {
    synchronized (this) {
      if (gone.users > 0 || gone.buried) {
        return;
      }
      gone.buried = true;
    }
    if (gone.object instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (Throwable e) {
        LOG.warn("{} threw when its object was closed", this, e);
      }
    }
  }

  void snapshot(Life<A> of) {
    Snapshotable<Object> from = Objects.requireNonNull(of.snapshotable);
    try {
      if (from.snapshotDue()) {
        Object state = from.snapshot();
        Object kept = runtime.isStrict() ? runtime.pack("the snapshot of " + this, state) : state;
        synchronized (this) {
          if (!of.over) {
            snapshot = kept;
          }
        }
      }
    } catch (RuntimeException | Error e) {
      die(of, "its snapshot failed: " + LocalTaskRuntime.words(e), e, true);
    }
  }

  // Telling about it.

  TaskException diedUnder(CallRef<A, ?> call, @Nullable Throwable cause) {
    List<String> history;
    Throwable why;
    int lives;
    int failed;
    synchronized (this) {
      history = List.copyOf(deaths);
      why = cause == null ? lastCause : cause;
      lives = died;
      failed = failedStarts;
    }
    String fate = "died while the call ran (it is restarted; send the call again if that is safe)";
    if (dead) {
      fate = "is dead after %s of %s lives".formatted(lives, allowedLives());
    } else if (failed >= PATIENCE) {
      fate =
          "cannot be started, after %s tries in a row (the next call leads to one, after %s ms)"
              .formatted(failed, TimeUnit.NANOSECONDS.toMillis(Backoff.nanos(failed)));
    }
    String message =
        "call '%s' failed: %s %s; %s".formatted(call.name(), this, fate, numbered(history, lives));
    return new ActorDiedException(message, name, history, call.name(), call.attempt, why);
  }

  private String allowedLives() {
    return options.maxRestarts() == -1 ? "unlimited" : String.valueOf(options.maxRestarts() + 1);
  }

  private static String numbered(List<String> history, int all) {
    int first = all - history.size() + 1;
    StringBuilder text = new StringBuilder(first == 1 ? "deaths: " : "the last deaths: ");
    for (int i = 0; i < history.size(); i++) {
      text.append(i == 0 ? "" : ", ").append(first + i).append(") ").append(history.get(i));
    }
    return text.toString();
  }

  private void emit(Kind kind, String detail) {
    if (runtime.isObserved()) {
      int lives = kind == Kind.ACTOR_DIED ? died : died + 1;
      runtime.emit(kind, id, name, name, lives, detail);
    }
  }

  /** Calls in the mailbox, for whoever serves it or, when no carrier is left, the runtime. */
  synchronized List<CallRef<A, ?>> drain() {
    List<CallRef<A, ?>> calls = new ArrayList<>();
    for (CallRef<A, ?> call = mailbox.poll(); call != null; call = mailbox.poll()) {
      calls.add(call);
      if (room != null) {
        room.release();
      }
    }
    return calls;
  }

  @Override
  public String toString() {
    return "actor '" + name + "'";
  }
}
