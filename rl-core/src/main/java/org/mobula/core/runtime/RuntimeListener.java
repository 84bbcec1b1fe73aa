package org.mobula.core.runtime;

/**
 * Hears every event, on the thread where it happens and before anyone waiting for the outcome is
 * told. Must be quick, thread-safe and not call the runtime; what it throws is logged and dropped.
 */
@FunctionalInterface
public interface RuntimeListener {
  /** Called for each event. */
  void onEvent(RuntimeEvent event);
}
