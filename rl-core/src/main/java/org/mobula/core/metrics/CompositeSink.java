package org.mobula.core.metrics;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Hands each record to several sinks; one that fails does not keep it from the others. */
public final class CompositeSink implements MetricSink {
  private final List<MetricSink> sinks;

  /** Takes over the sinks and closes them with itself. */
  public CompositeSink(List<? extends MetricSink> sinks) {
    this.sinks = List.copyOf(sinks);
  }

  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    forEach(sink -> sink.record(environmentSteps, wallSeconds, values));
  }

  @Override
  public void flush() {
    forEach(MetricSink::flush);
  }

  @Override
  public void close() {
    forEach(MetricSink::close);
  }

  private void forEach(Consumer<MetricSink> action) {
    RuntimeException failure = null;
    for (MetricSink sink : sinks) {
      try {
        action.accept(sink);
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
