package org.mobula.core.runtime.local;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorFactory;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.GetTimeoutException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.RuntimeEvent;
import org.mobula.core.runtime.RuntimeEvent.Kind;
import org.mobula.core.runtime.RuntimeListener;
import org.mobula.core.runtime.RuntimeMetrics;
import org.mobula.core.runtime.Task;
import org.mobula.core.runtime.TaskCancelledException;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.core.runtime.WaitResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The task runtime inside one JVM: no processes, no network, microseconds.
 *
 * <pre>{@code
 * try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(2).build()) { ... }
 * }</pre>
 */
public final class LocalTaskRuntime implements TaskRuntime {
  static final String CLOSED = "the runtime was closed";

  /** How often a pause looks whether it is still wanted. */
  private static final long GLANCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final Logger LOG = LoggerFactory.getLogger(LocalTaskRuntime.class);

  final Counters counters = new Counters();
  private final Resources total;
  private final boolean strict;
  final OwnClasses.@Nullable Source isolation;
  final Backoff.Clock clock;
  private final Scheduler scheduler;
  private final AtomicLong ids = new AtomicLong();
  private final Map<String, LocalActor<?>> named = new ConcurrentHashMap<>();
  private final Set<LocalActor<?>> actors = ConcurrentHashMap.newKeySet();
  private final CopyOnWriteArrayList<RuntimeListener> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean observed; // written under this
  private volatile boolean closed;
  private volatile boolean terminated;
  private @Nullable ScheduledThreadPoolExecutor deadlines; // guarded by this
  private volatile @Nullable Thread deadlineThread; // the last that deadlines has made

  private LocalTaskRuntime(Builder builder) {
    this.total = builder.resources;
    this.strict = builder.strict || builder.isolated;
    this.isolation = builder.isolated ? new OwnClasses.Source(builder.shared) : null;
    this.clock = builder.clock;
    this.scheduler = new Scheduler(builder.name, total, builder.isolated);
  }

  /** A runtime with all processors of this machine, not strict unless the system property says. */
  public static Builder builder() {
    return new Builder();
  }

  /** Options of a local runtime. */
  public static final class Builder {
    private String name = "mobula";
    private Resources resources = Resources.cpu(Runtime.getRuntime().availableProcessors());
    private boolean strict = Boolean.getBoolean("mobula.runtime.strict");
    private boolean isolated = "isolated".equals(System.getProperty("mobula.runtime.strict"));
    private Set<String> shared = Set.of();
    private Backoff.Clock clock = Backoff.Clock.MACHINE;

    private Builder() {}

    /** Prefix of the threads' names. */
    public Builder name(String newName) {
      name = newName;
      return this;
    }

    /** So many default tasks run at once; by default the number of processors. */
    public Builder cpus(double cpus) {
      resources = resources.with(Resources.CPU, cpus);
      return this;
    }

    /** All resources there are to give out, CPU among them. */
    public Builder resources(Resources newResources) {
      resources = newResources;
      return this;
    }

    /**
     * Whether everything that would travel to another machine on a cluster is serialised and copied
     * here too. Slower; finds code that would only work inside one JVM. By default the system
     * property {@code mobula.runtime.strict}, or false.
     */
    public Builder strict(boolean newStrict) {
      strict = newStrict;
      isolated &= newStrict;
      return this;
    }

    /**
     * Whether, in strict mode, each attempt of a task and each life of an actor also has classes of
     * its own, loaded afresh from the class path, and each call a thread of its own: static
     * variables, the fields of enum constants, {@code ThreadLocal}s, {@code java.io.File}s and
     * classes that are not on the class path do not travel then. Much slower, for tests. By default
     * whether the system property {@code mobula.runtime.strict} is {@code isolated}.
     */
    public Builder isolated(boolean newIsolated) {
      isolated = newIsolated;
      strict |= newIsolated;
      return this;
    }

    /** Isolated, but for classes by which tests meet their tasks. */
    Builder isolatedBut(Class<?>... newShared) {
      shared = Stream.of(newShared).map(Class::getName).collect(Collectors.toSet());
      return isolated(true);
    }

    /** What pauses before another attempt are measured with, for tests. */
    Builder clock(Backoff.Clock newClock) {
      clock = newClock;
      return this;
    }

    /** Starts the runtime. */
    public LocalTaskRuntime build() {
      if (resources.amount(Resources.CPU) < 1) {
        throw new IllegalArgumentException(
            "resources are %s but CPU must be >= 1, or no default task could ever run"
                .formatted(resources));
      }
      return new LocalTaskRuntime(this);
    }
  }

  // Tasks and objects.

  @Override
  public <T extends @Nullable Object> ObjectRef<T> submit(
      TaskOptions options, List<? extends ObjectRef<?>> dependencies, Task<T> task) {
    checkOpen();
    if (!options.resources().equals(Resources.ONE_CPU)) {
      checkFeasible("task '" + options.name() + "'", options.resources());
    }
    List<LocalRef<?>> before = dependencies.isEmpty() ? List.of() : ownAll(dependencies);
    Object body = strict ? pack("task '" + options.name() + "'", task) : task;
    TaskRef<T> ref = new TaskRef<>(this, options, body);
    submitted(ref);
    if (before.isEmpty()) {
      enqueue(ref);
    } else {
      ref.startAfter(before);
    }
    return ref;
  }

  private void checkFeasible(String who, Resources wanted) {
    String refusal = scheduler.refusal(wanted);
    if (refusal != null) {
      throw new IllegalArgumentException(
          who + " " + refusal + "; it would wait for ever. Ask for less or add resources");
    }
  }

  void submitted(LocalRef<?> ref) {
    counters.submitted.increment();
    ref.emit(Kind.SUBMITTED, "");
    Duration deadline = ref.options.deadline();
    if (deadline != null) {
      expireAfter(deadline, ref);
    }
  }

  /** A task whose dependencies are there. */
  void enqueue(TaskRef<?> ref) {
    scheduler.enqueue(ref, ref.options.resources());
    if (closed) {
      ref.cancel(CLOSED);
    }
  }

  private synchronized void expireAfter(Duration deadline, LocalRef<?> ref) {
    if (closed) {
      return; // whoever enqueues it will cancel it
    }
    if (deadlines == null) {
      deadlines =
          new ScheduledThreadPoolExecutor(
              1,
              runnable -> {
                Thread thread = new Thread(runnable, "mobula-deadlines");
                thread.setDaemon(true);
                deadlineThread = thread;
                return thread;
              });
      deadlines.setRemoveOnCancelPolicy(true);
    }
    ref.expireWith(deadlines.schedule(ref::expire, nanos(deadline), TimeUnit.NANOSECONDS));
  }

  @Override
  public <T extends @Nullable Object> ObjectRef<T> put(T value) {
    checkOpen();
    return new ReadyRef<>(this, strict ? pack("the value put", value) : value);
  }

  @Override
  public <T extends @Nullable Object> T get(ObjectRef<T> ref) {
    LocalRef<T> mine = own(ref);
    if (!mine.isDone()) {
      await(List.of(mine), 1, false, 0);
    }
    return mine.value();
  }

  @Override
  public <T extends @Nullable Object> T get(ObjectRef<T> ref, Duration timeout) {
    LocalRef<T> mine = own(ref);
    if (!mine.isDone() && !await(List.of(mine), 1, true, deadlineNanos(timeout))) {
      throw new GetTimeoutException(
          "'%s' was not done after %s; it goes on. Wait longer, or cancel it"
              .formatted(ref.name(), timeout));
    }
    return mine.value();
  }

  @Override
  public <R extends ObjectRef<?>> WaitResult<R> wait(
      Collection<R> refs, int count, Duration timeout) {
    if (count < 1 || count > refs.size()) {
      throw new IllegalArgumentException(
          "count is %s but must be from 1 to %s, the number of references"
              .formatted(count, refs.size()));
    }
    List<LocalRef<?>> mine = ownAll(refs);
    if (mine.stream().filter(LocalRef::isDone).count() < count) {
      await(mine, count, true, deadlineNanos(timeout));
    }
    List<R> ready = new ArrayList<>();
    List<R> pending = new ArrayList<>();
    for (R ref : refs) {
      (ref.isDone() ? ready : pending).add(ref);
    }
    return new WaitResult<>(ready, pending);
  }

  private static long deadlineNanos(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout is " + timeout + " but must be >= 0");
    }
    return System.nanoTime() + nanos(timeout);
  }

  /** At most 146 years, which keeps differences of {@code System.nanoTime()} valid. */
  private static long nanos(Duration duration) {
    long most = Long.MAX_VALUE / 2;
    return duration.compareTo(Duration.ofNanos(most)) > 0 ? most : duration.toNanos();
  }

  private boolean await(List<LocalRef<?>> refs, int count, boolean timed, long deadlineNanos) {
    if (Thread.currentThread() instanceof Carrier) {
      refs.forEach(LocalTaskRuntime::refuseToWaitForItself);
    }
    Latch latch = new Latch(count);
    refs.forEach(latch::watch);
    return blocking(
        count + " of " + refs.size() + " results, the first '" + refs.get(0).name() + "'",
        () -> latch.await(timed, deadlineNanos));
  }

  private static void refuseToWaitForItself(LocalRef<?> ref) {
    Carrier carrier = (Carrier) Thread.currentThread();
    if (carrier.current == ref && ref.isRunning()) {
      throw new IllegalStateException(
          "task '%s' waits for its own result, which would never come".formatted(ref.name()));
    }
    if (ref instanceof CallRef<?, ?> call && !call.isDone() && call.actor.isRunByCurrentThread()) {
      throw new IllegalStateException(
          ("%s waits for call '%s' to itself, which can only run after the present one; "
                  + "call the method directly")
              .formatted(call.actor, ref.name()));
    }
  }

  /** Something that takes time and may be interrupted. */
  @FunctionalInterface
  interface Wait {
    boolean await() throws InterruptedException;
  }

  /** Waits; the CPU of the task that does so serves others meanwhile. */
  boolean blocking(String what, Wait wait) {
    LocalRef<?> ref =
        Thread.currentThread() instanceof Carrier c && c.grant != null ? c.current : null;
    if (ref != null) {
      ref.emit(Kind.BLOCKED, what);
    }
    try {
      return lendingCpu(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new WaitInterruptedException("interrupted while waiting for " + what);
    } finally {
      if (ref != null) {
        ref.emit(Kind.RESUMED, what);
      }
    }
  }

  private static boolean lendingCpu(Wait wait) throws InterruptedException {
    Carrier carrier = Thread.currentThread() instanceof Carrier c && c.grant != null ? c : null;
    if (carrier != null) {
      carrier.scheduler().block(carrier);
    }
    try {
      return wait.await();
    } finally {
      if (carrier != null) {
        carrier.scheduler().unblock(carrier);
      }
    }
  }

  /**
   * Waits, with the CPU lent out, before another attempt at what has failed.
   *
   * @param end as {@link Backoff.Clock#nanoTime}
   * @param needless whether nobody waits for the attempt any more
   */
  void pause(long end, BooleanSupplier needless) {
    try {
      lendingCpu(
          () -> {
            for (long left = end - clock.nanoTime();
                left > 0 && !closed && !needless.getAsBoolean();
                left = end - clock.nanoTime()) {
              clock.sleep(Math.min(left, GLANCE_NANOS));
            }
            return true;
          });
    } catch (InterruptedException e) {
      // The end of the runtime or of the task: whoever pauses looks for that next.
    }
  }

  @Override
  public boolean cancel(ObjectRef<?> ref) {
    return own(ref).cancel("on request");
  }

  /** The reference as this engine's own. */
  <T extends @Nullable Object> LocalRef<T> own(ObjectRef<T> ref) {
    if (ref instanceof LocalRef<T> mine && mine.runtime == this) {
      return mine;
    }
    throw new IllegalArgumentException(
        "reference '%s' belongs to another runtime; use it with the one that made it"
            .formatted(ref.name()));
  }

  private List<LocalRef<?>> ownAll(Collection<? extends ObjectRef<?>> refs) {
    List<LocalRef<?>> mine = new ArrayList<>(refs.size());
    for (ObjectRef<?> ref : refs) {
      mine.add(own(ref));
    }
    return mine;
  }

  /** An error in words; they are user code too, and may throw in their turn. */
  static String words(Throwable error) {
    try {
      return error.toString();
    } catch (RuntimeException | Error e) {
      return error.getClass().getName() + " (its message threw " + e.getClass().getName() + ")";
    }
  }

  private Throwable transferred(Throwable error) {
    return RemoteError.transfer(error, isolation == null ? null : isolation.driver());
  }

  /** The error as whoever decides on another attempt knows it: of the same classes. */
  Throwable known(Throwable error) {
    return isolation == null ? error : transferred(error);
  }

  /** A value that leaves this side. */
  Envelope pack(String what, @Nullable Object value) {
    return Envelope.pack(what, value, isolation != null);
  }

  /** Classes for the far side; null where it has those of this side. */
  @Nullable OwnClasses ownClasses() {
    return isolation == null ? null : isolation.load();
  }

  /** Something that is run with other classes, and may throw. */
  @FunctionalInterface
  interface Code<R extends @Nullable Object> {
    R run() throws Exception;
  }

  /** Runs with these classes where there are any. */
  static <R extends @Nullable Object> R with(@Nullable OwnClasses own, Code<R> code)
      throws Exception {
    if (own == null) {
      return code.run();
    }
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(own);
    try {
      return code.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** What a task that threw this fails with. */
  TaskException failure(LocalRef<?> ref, Throwable error) {
    if (closed) {
      String message = "task '%s' was cancelled: %s".formatted(ref.name(), CLOSED);
      TaskException cancelled = new TaskCancelledException(message, ref.name(), ref.attempt);
      cancelled.addSuppressed(error);
      return cancelled;
    }
    String where = ref.actorName().isEmpty() ? "" : " to actor '" + ref.actorName() + "'";
    int maxRetries = ref.options.maxRetries();
    String of = maxRetries == -1 ? "" : " of " + (maxRetries + 1);
    String message =
        "%s '%s'%s failed on attempt %s%s: %s"
            .formatted(
                where.isEmpty() ? "task" : "call",
                ref.name(),
                where,
                ref.attempt,
                of,
                words(error));
    Throwable cause = strict ? transferred(error) : error;
    return new TaskException(message, ref.name(), ref.attempt, cause);
  }

  // Actors.

  @Override
  public <A> ActorRef<A> actor(ActorOptions options, ActorFactory<A> factory) {
    checkOpen();
    String name = options.name();
    String who = name == null ? "an actor" : "actor '" + name + "'";
    checkFeasible(who, options.resources());
    checkFeasible("a call to " + who, options.callResources());
    Object body = strict ? pack("the factory of " + name, factory) : factory;
    LocalActor<A> actor = new LocalActor<>(this, scheduler, options, body);
    if (name != null && named.putIfAbsent(name, actor) != null) {
      throw new IllegalArgumentException(
          "an actor named '%s' is alive already; use actorNamed, kill it, or choose another name"
              .formatted(name));
    }
    actors.add(actor);
    actor.start();
    if (closed) {
      cancelAtClose(actor);
    }
    return actor;
  }

  @Override
  @SuppressWarnings("unchecked") // the caller knows the type, as the contract says
  public <A> Optional<ActorRef<A>> actorNamed(String name) {
    return Optional.ofNullable((LocalActor<A>) named.get(name));
  }

  @Override
  public void kill(ActorRef<?> actor, boolean restart) {
    if (!(actor instanceof LocalActor<?> mine) || mine.runtime != this) {
      throw new IllegalArgumentException(
          "actor '%s' belongs to another runtime; kill it there".formatted(actor.name()));
    }
    mine.kill(restart ? "killed" : "killed for good", restart);
  }

  /** The actor is dead for good. */
  void forget(LocalActor<?> actor) {
    actors.remove(actor);
    named.remove(actor.name(), actor);
  }

  // What is going on.

  @Override
  public Resources totalResources() {
    return total;
  }

  @Override
  public Resources availableResources() {
    return scheduler.available();
  }

  @Override
  public RuntimeMetrics metrics() {
    return counters.read(actors.size());
  }

  @Override
  public synchronized void addListener(RuntimeListener listener) {
    listeners.add(listener);
    observed = true;
  }

  @Override
  public synchronized void removeListener(RuntimeListener listener) {
    listeners.remove(listener);
    observed = !listeners.isEmpty();
  }

  boolean isObserved() {
    return observed;
  }

  boolean isStrict() {
    return strict;
  }

  boolean isClosed() {
    return closed;
  }

  long nextId() {
    return ids.incrementAndGet();
  }

  void emit(Kind kind, long id, String name, String actor, int attempt, String detail) {
    String thread = Thread.currentThread().getName();
    RuntimeEvent event =
        new RuntimeEvent(kind, Instant.now(), id, name, actor, attempt, thread, detail);
    for (RuntimeListener listener : listeners) {
      try {
        listener.onEvent(event);
      } catch (Throwable e) { // an Error too would end the thread, and the CPU be lost with it
        LOG.warn("a listener threw at {}", event, e);
      }
    }
  }

  // The end.

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException(
          "the runtime is closed and takes no new work; submit inside its try-with-resources");
    }
  }

  @Override
  public void close() {
    if (Thread.currentThread() instanceof Carrier carrier && carrier.scheduler() == scheduler) {
      throw new IllegalStateException(
          "close() was called from inside a task or actor and would wait for itself; "
              + "return from the task and close outside");
    }
    ScheduledThreadPoolExecutor timer;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      timer = deadlines;
    }
    if (timer != null) {
      timer.shutdownNow();
    }
    scheduler.shutDown();
    cancelWaiting();
    scheduler.join();
    cancelWaiting();
    terminated = true;
    for (LocalActor<?> actor : List.copyOf(actors)) {
      cancelAtClose(actor);
    }
    awaitEnd(deadlineThread);
  }

  private void cancelWaiting() {
    for (Job job : scheduler.drain()) {
      if (job instanceof TaskRef<?> ref) {
        ref.cancel(CLOSED);
      }
    }
  }

  /** Once no carrier is left to serve it, an actor's calls are answered here. */
  void cancelAtClose(LocalActor<?> actor) {
    if (terminated) {
      actor.drain().forEach(call -> call.cancel(CLOSED));
      actor.kill(CLOSED, false);
    }
  }

  private static void awaitEnd(@Nullable Thread timer) {
    if (timer == null) {
      return;
    }
    try {
      timer.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
