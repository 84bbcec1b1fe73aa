package org.mobula.core.metrics;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.stream.Stream;

class TensorBoardSinkContractTest extends MetricSinkContract {
  @Override
  protected MetricSink create(Path folder) {
    return TensorBoardSink.create(folder);
  }

  /** A value follows its tag: the key 0x15, and a float with its lowest byte first. */
  @Override
  protected OptionalDouble last(MetricSink sink, Path folder, String metric) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      byte[] bytes = Files.readAllBytes(files.findFirst().orElseThrow());
      int at = new String(bytes, ISO_8859_1).lastIndexOf(metric + "\u0015");
      ByteBuffer events = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      return at < 0
          ? OptionalDouble.empty()
          : OptionalDouble.of(events.getFloat(at + metric.length() + 1));
    }
  }
}
