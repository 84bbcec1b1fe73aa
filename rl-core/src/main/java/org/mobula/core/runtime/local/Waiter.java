package org.mobula.core.runtime.local;

import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** One entry of a reference's list of those who want to know when it is done. */
abstract class Waiter {
  @Nullable Waiter next;

  /** True when nobody wants to know any more; such entries are dropped in passing. */
  abstract boolean isAbandoned();

  /**
   * The reference is done. Other references that are done because of it go to {@code finished}
   * instead of being told here, so that a long chain does not become a deep recursion.
   */
  abstract void done(LocalRef<?> ref, Deque<LocalRef<?>> finished);
}
