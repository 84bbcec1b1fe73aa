package org.mobula.core.runtime;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The call met an actor that died under it or is dead for good. */
public final class ActorDiedException extends TaskException {
  private static final long serialVersionUID = 1L;

  private final String actorName;

  @SuppressWarnings("serial") // an immutable JDK list of strings
  private final List<String> history;

  /** For engines. */
  public ActorDiedException(
      String message,
      String actorName,
      List<String> history,
      String taskName,
      int attempt,
      @Nullable Throwable cause) {
    super(message, taskName, attempt, cause);
    this.actorName = actorName;
    this.history = List.copyOf(history);
  }

  /** The actor's name. */
  public String actorName() {
    return actorName;
  }

  /** What the actor's lives died of, the first life first; at most the last sixteen. */
  public List<String> history() {
    return history;
  }
}
