package org.mobula.core.runtime;

import org.jspecify.annotations.Nullable;

/**
 * The name of a value that is there already or is still being made: by {@link TaskRuntime#submit},
 * {@link ActorRef#call} or {@link TaskRuntime#put}. It may be captured by tasks and calls; it
 * travels as a reference, not as the value.
 */
public interface ObjectRef<T extends @Nullable Object> {
  /** Name of the task or call that makes the value, for people. */
  String name();

  /** True once the value is there or is known never to come. */
  boolean isDone();
}
