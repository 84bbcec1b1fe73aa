package org.mobula.core.runtime;

import org.jspecify.annotations.Nullable;

/** What a running task sees of the runtime. Valid only while the task runs. */
public interface TaskContext {
  /**
   * The value of a reference. Never blocks for one declared as a dependency; for any other it
   * blocks, and the task's CPU serves others meanwhile.
   *
   * @throws TaskException if the referenced task failed
   */
  <T extends @Nullable Object> T get(ObjectRef<T> ref);

  /** The runtime, to submit further tasks. */
  TaskRuntime runtime();

  /** Name given in the options. */
  String name();

  /** Which try this is, from 1. */
  int attempt();

  /**
   * True once the task was cancelled or ran past its deadline; its result is no longer wanted. The
   * thread is interrupted at the same moment. Long loops ask now and then.
   */
  boolean isCancelled();
}
