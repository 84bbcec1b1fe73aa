package org.mobula.core.metrics;

import java.util.Map;

/** Where measurements go: a file, a terminal, a monitoring system. Used by one thread at a time. */
public interface MetricSink extends AutoCloseable {
  /**
   * Takes the measurements of one iteration.
   *
   * @param environmentSteps environment steps taken so far in the run
   * @param wallSeconds wall time of the run so far, earlier parts of a resumed run included
   * @param values by name, such as {@code rollout/episode_return_mean}; in a fixed order
   */
  void record(long environmentSteps, double wallSeconds, Map<String, Double> values);

  /**
   * Writes what is still held back. A run asks for it with each checkpoint, from which another run
   * may continue after a kill.
   */
  default void flush() {}

  /** Writes what is still held back and frees the sink; a second call does nothing. */
  @Override
  void close();
}
