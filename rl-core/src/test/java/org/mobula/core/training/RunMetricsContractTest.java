package org.mobula.core.training;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.metrics.MetricSinkContract;
import org.mobula.core.metrics.MetricTable;

class RunMetricsContractTest extends MetricSinkContract {
  @Override
  protected MetricSink create(Path folder) {
    return new RunMetrics(new RunDirectory(folder), 0);
  }

  @Override
  protected OptionalDouble last(MetricSink sink, Path folder, String metric) {
    MetricTable table = MetricTable.read(new RunDirectory(folder).metricsCsv());
    List<MetricTable.Point> points =
        table.columns().contains(metric) ? table.points(metric) : List.of();
    return points.stream().mapToDouble(MetricTable.Point::value).reduce((first, next) -> next);
  }
}
