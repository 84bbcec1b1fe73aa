package org.mobula.core.runtime;

import java.util.List;

/**
 * The answer of {@link TaskRuntime#wait}: both lists keep the order of the question.
 *
 * @param ready done, well or badly; all that were done, which may be more than asked for
 * @param pending not done yet
 */
public record WaitResult<R>(List<R> ready, List<R> pending) {
  public WaitResult {
    ready = List.copyOf(ready);
    pending = List.copyOf(pending);
  }
}
