package org.mobula.core.runtime.local;

import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.RuntimeEvent.Kind;
import org.mobula.core.runtime.Task;
import org.mobula.core.runtime.TaskContext;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;

/** A task: its reference, its state and, while it runs, its context. */
final class TaskRef<T extends @Nullable Object> extends LocalRef<T> implements Job, TaskContext {
  private @Nullable Object body; // a Task; strict: the envelope of one

  TaskRef(LocalTaskRuntime runtime, TaskOptions options, Object body) {
    super(runtime, options);
    this.body = body;
  }

  /** Goes into the queue when all dependencies have their values; fails when one has none. */
  void startAfter(List<LocalRef<?>> dependencies) {
    AtomicInteger missing = new AtomicInteger(dependencies.size());
    for (LocalRef<?> ref : dependencies) {
      DependencyWaiter waiter = new DependencyWaiter(missing);
      if (!ref.tell(waiter)) {
        waiter.doneAtOnce(ref);
      }
    }
  }

  @Override
  public void run(Carrier carrier) {
    Object code = body;
    if (code == null || !begin(carrier)) {
      return;
    }
    Object result;
    try {
      result = runtime.isStrict() ? runStrict(code) : asTask(code).run(this);
    } catch (Throwable thrown) {
      Throwable error = runtime.known(thrown);
      if (isRetried(error)) {
        if (retry(error)) {
          pauseBeforeRetry();
          runtime.enqueue(this);
        }
      } else {
        fail(runtime.failure(this, error));
      }
      return;
    }
    succeed(result);
  }

  private Envelope runStrict(Object code) throws Exception {
    return LocalTaskRuntime.with(
        runtime.ownClasses(),
        () -> {
          Task<?> task = asTask(((Envelope) code).open());
          return runtime.pack(
              "the result of task '" + name() + "'", task.run(new StrictContext(this)));
        });
  }

  private static Task<?> asTask(@Nullable Object code) {
    return (Task<?>) Objects.requireNonNull(code);
  }

  @Override
  public boolean isWaiting() {
    return isPending();
  }

  @Override
  String actorName() {
    return "";
  }

  @Override
  void forgetBody() {
    body = null;
  }

  // TaskContext

  @Override
  public <V extends @Nullable Object> V get(ObjectRef<V> ref) {
    return runtime.get(ref);
  }

  @Override
  public TaskRuntime runtime() {
    return runtime;
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean isCancelled() {
    return !isRunning();
  }

  /** In strict mode: a context that cannot be smuggled out of the task as a reference. */
  private record StrictContext(TaskRef<?> task) implements TaskContext {
    @Override
    public <V extends @Nullable Object> V get(ObjectRef<V> ref) {
      return task.get(ref);
    }

    @Override
    public TaskRuntime runtime() {
      return task.runtime;
    }

    @Override
    public String name() {
      return task.name();
    }

    @Override
    public int attempt() {
      return task.attempt;
    }

    @Override
    public boolean isCancelled() {
      return task.isCancelled();
    }
  }

  private final class DependencyWaiter extends Waiter {
    private final AtomicInteger missing;

    DependencyWaiter(AtomicInteger missing) {
      this.missing = missing;
    }

    @Override
    boolean isAbandoned() {
      return isDone();
    }

    @Override
    void done(LocalRef<?> ref, Deque<LocalRef<?>> finished) {
      if (ref.failure() != null) {
        endBecauseOf(ref, finished);
      } else {
        arrived();
      }
    }

    void doneAtOnce(LocalRef<?> ref) {
      if (ref.failure() != null) {
        endBecauseOf(ref);
      } else {
        arrived();
      }
    }

    private void arrived() {
      if (missing.decrementAndGet() == 0) {
        emit(Kind.READY, "");
        runtime.enqueue(TaskRef.this);
      }
    }
  }
}
