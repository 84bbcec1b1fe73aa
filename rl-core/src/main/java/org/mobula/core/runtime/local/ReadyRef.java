package org.mobula.core.runtime.local;

import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.TaskOptions;

/** A value that was put. */
final class ReadyRef<T extends @Nullable Object> extends LocalRef<T> {
  private static final TaskOptions OPTIONS = TaskOptions.named("put");

  ReadyRef(LocalTaskRuntime runtime, @Nullable Object value) {
    super(runtime, OPTIONS);
    complete(value);
  }

  @Override
  String actorName() {
    return "";
  }

  @Override
  void forgetBody() {}
}
