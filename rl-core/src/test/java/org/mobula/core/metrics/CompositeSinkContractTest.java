package org.mobula.core.metrics;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;

/** Two sinks, of which the second is asked. */
class CompositeSinkContractTest extends MetricSinkContract {
  private final JsonLinesSinkContractTest lines = new JsonLinesSinkContractTest();

  @Override
  protected MetricSink create(Path folder) {
    MetricSink table = CsvSink.create(folder.resolve("metrics.csv"));
    return new CompositeSink(List.of(table, lines.create(folder)));
  }

  @Override
  protected OptionalDouble last(MetricSink sink, Path folder, String metric) throws IOException {
    return lines.last(sink, folder, metric);
  }
}
