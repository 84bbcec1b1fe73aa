package org.mobula.core.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks and keeps actors, in this JVM or on a cluster; code above does not know which. Open it
 * in try-with-resources: {@link #close()} cancels what waits, interrupts what runs and leaves no
 * thread behind.
 *
 * <pre>{@code
 * ObjectRef<Integer> a = runtime.submit(context -> 1);
 * ObjectRef<Integer> b = runtime.submit(TaskOptions.named("add"), List.of(a), c -> c.get(a) + 1);
 * ActorRef<Counter> counter = runtime.actor(ActorOptions.named("counter"), Counter::new);
 * int sum = runtime.get(counter.call(c -> c.add(2)));
 * }</pre>
 *
 * <p>Tasks, calls, their results and errors may travel between machines: they must be serialisable
 * and are copied, so changing an object after sending it, or a received one, is seen by nobody
 * else. A {@code TaskRuntime}, {@link ObjectRef} or {@link ActorRef} may be captured freely. The
 * local engine copies only in its strict mode.
 *
 * <p>All methods may be called from any thread, and from inside tasks and actors.
 */
public interface TaskRuntime extends AutoCloseable {

  /**
   * Hands in a task that starts once its dependencies are there and its resources free. Tasks that
   * ask for the same resources start in the order handed in; tasks waiting for one kind of resource
   * do not hold up others. If a dependency fails, the task fails with the same cause and never
   * runs.
   *
   * @param dependencies references whose values the task reads with {@link TaskContext#get}
   * @throws IllegalArgumentException if the resources can never be met, with the numbers
   * @throws IllegalStateException if the runtime is closed
   */
  <T extends @Nullable Object> ObjectRef<T> submit(
      TaskOptions options, List<? extends ObjectRef<?>> dependencies, Task<T> task);

  /** A task without dependencies. */
  default <T extends @Nullable Object> ObjectRef<T> submit(TaskOptions options, Task<T> task) {
    return submit(options, List.of(), task);
  }

  /** A task with default options. */
  default <T extends @Nullable Object> ObjectRef<T> submit(Task<T> task) {
    return submit(TaskOptions.defaults(), List.of(), task);
  }

  /**
   * Starts an actor and returns at once; calls wait until it is up. It lives until it is killed or
   * the runtime is closed. An actor that is {@link AutoCloseable} is closed when it dies.
   *
   * @throws IllegalArgumentException if a living actor has the name, or the resources can never be
   *     met
   */
  <A> ActorRef<A> actor(ActorOptions options, ActorFactory<A> factory);

  /** An actor without a name and with default options. */
  default <A> ActorRef<A> actor(ActorFactory<A> factory) {
    return actor(ActorOptions.defaults(), factory);
  }

  /** The living actor of that name; the caller knows its type. */
  <A> Optional<ActorRef<A>> actorNamed(String name);

  /** Makes a value known to tasks, once for all that use it. */
  <T extends @Nullable Object> ObjectRef<T> put(T value);

  /**
   * Waits for a value. Inside a task the task's CPU serves others meanwhile, so nested tasks never
   * wait for each other's threads.
   *
   * @throws TaskException if the task failed; the cause is its own error
   * @throws WaitInterruptedException if the waiting thread is interrupted
   */
  <T extends @Nullable Object> T get(ObjectRef<T> ref);

  /**
   * Waits so long for a value.
   *
   * @throws GetTimeoutException if it is not there by then; the task goes on
   */
  <T extends @Nullable Object> T get(ObjectRef<T> ref, Duration timeout);

  /** Waits for all values, in the order of the references. */
  default <T extends @Nullable Object> List<T> getAll(Collection<? extends ObjectRef<T>> refs) {
    List<T> values = new ArrayList<>(refs.size());
    for (ObjectRef<T> ref : refs) {
      values.add(get(ref));
    }
    return values;
  }

  /**
   * Waits until so many references are done, well or badly, or the time is over.
   *
   * @param count from 1 to the number of references
   */
  <R extends ObjectRef<?>> WaitResult<R> wait(Collection<R> refs, int count, Duration timeout);

  /**
   * Cancels a task or call. One that waits never runs; one that runs is interrupted and sees {@link
   * TaskContext#isCancelled()}. Whoever waits for it gets a {@link TaskCancelledException} at once;
   * its resources are free when its code has really ended.
   *
   * @return false if it was done already
   */
  boolean cancel(ObjectRef<?> ref);

  /**
   * Lets an actor die as in a crash: its object is gone, a running call fails, and it is restarted
   * if restarts are left.
   */
  default void kill(ActorRef<?> actor) {
    kill(actor, true);
  }

  /** As {@link #kill(ActorRef)}; without restart the actor is dead for good. */
  void kill(ActorRef<?> actor, boolean restart);

  /** All resources. */
  Resources totalResources();

  /**
   * Resources that nobody holds now: an instant's view. A task's share comes back a moment after
   * its result is out.
   */
  Resources availableResources();

  /** Counters since the start. */
  RuntimeMetrics metrics();

  /** From now on tells the listener of every event. Costs nothing while there is none. */
  void addListener(RuntimeListener listener);

  /** No longer tells the listener. */
  void removeListener(RuntimeListener listener);

  /**
   * Takes no new work, cancels what waits, interrupts what runs, lets actors die and returns when
   * all threads have ended. Closing twice does nothing.
   *
   * @throws IllegalStateException if called from inside a task or actor, which would wait for
   *     itself
   */
  @Override
  void close();
}
