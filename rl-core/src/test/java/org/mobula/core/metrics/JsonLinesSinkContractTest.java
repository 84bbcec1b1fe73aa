package org.mobula.core.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

class JsonLinesSinkContractTest extends MetricSinkContract {
  @Override
  protected MetricSink create(Path folder) {
    return JsonLinesSink.create(folder.resolve("metrics.jsonl"));
  }

  @Override
  protected OptionalDouble last(MetricSink sink, Path folder, String metric) throws IOException {
    OptionalDouble found = OptionalDouble.empty();
    for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
      JsonNode value = new ObjectMapper().readTree(line).path(metric);
      found = value.isNumber() ? OptionalDouble.of(value.doubleValue()) : found;
    }
    return found;
  }
}
