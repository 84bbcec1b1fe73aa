package org.mobula.core.runtime.local;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Stands for an error that could not be serialised: its class, message, stack and causes. */
final class RemoteError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private RemoteError(Throwable original, @Nullable Throwable cause) {
    super(LocalTaskRuntime.words(original), cause, false, true);
    setStackTrace(original.getStackTrace());
  }

  /** As it arrives elsewhere: a copy, or where that cannot be made a stand-in. */
  static Throwable transfer(Throwable error, @Nullable ClassLoader to) {
    ClassLoader from = Thread.currentThread().getContextClassLoader();
    if (to != null) {
      Thread.currentThread().setContextClassLoader(to);
    }
    try {
      Object copy = Envelope.pack("the error", error).open();
      if (copy instanceof Throwable throwable) {
        return throwable;
      }
    } catch (RuntimeException | StackOverflowError e) {
      // The stand-in below says the same in words.
    } finally {
      Thread.currentThread().setContextClassLoader(from);
    }
    return standIn(error, Collections.newSetFromMap(new IdentityHashMap<>()));
  }

  private static RemoteError standIn(Throwable error, Set<Throwable> seen) {
    seen.add(error);
    Throwable cause = error.getCause();
    return new RemoteError(
        error, cause == null || seen.contains(cause) ? null : standIn(cause, seen));
  }
}
