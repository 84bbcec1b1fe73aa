package org.mobula.core.metrics;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;

class CsvSinkContractTest extends MetricSinkContract {
  @Override
  protected MetricSink create(Path folder) {
    return CsvSink.create(folder.resolve("metrics.csv"));
  }

  @Override
  protected OptionalDouble last(MetricSink sink, Path folder, String metric) {
    MetricTable table = MetricTable.read(folder.resolve("metrics.csv"));
    List<MetricTable.Point> points =
        table.columns().contains(metric) ? table.points(metric) : List.of();
    return points.stream().mapToDouble(MetricTable.Point::value).reduce((first, next) -> next);
  }
}
