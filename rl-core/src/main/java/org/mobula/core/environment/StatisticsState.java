package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.RunningStatistics;

/** Running statistics as bytes: the count, the means, the variances. */
final class StatisticsState {
  private StatisticsState() {}

  static void write(RunningStatistics statistics, DataOutput out) throws IOException {
    out.writeDouble(statistics.count());
    for (double mean : statistics.mean()) {
      out.writeDouble(mean);
    }
    for (double variance : statistics.variance()) {
      out.writeDouble(variance);
    }
  }

  static void read(RunningStatistics statistics, DataInput in) throws IOException {
    double count = in.readDouble();
    statistics.restore(count, doubles(statistics.size(), in), doubles(statistics.size(), in));
  }

  private static double[] doubles(int length, DataInput in) throws IOException {
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = in.readDouble();
    }
    return values;
  }
}
