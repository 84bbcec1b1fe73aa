package org.mobula.core.metrics;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;

class PrometheusSinkContractTest extends MetricSinkContract {
  @Override
  protected MetricSink create(Path folder) {
    return PrometheusSink.toFile(folder.resolve("run.prom"), Map.of("run", "a"));
  }

  @Override
  protected OptionalDouble last(MetricSink sink, Path folder, String metric) throws IOException {
    String sample = "mobula_" + metric.replace('/', '_') + "{run=\"a\"} ";
    return Files.readAllLines(folder.resolve("run.prom")).stream()
        .filter(line -> line.startsWith(sample))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length())))
        .findFirst();
  }
}
