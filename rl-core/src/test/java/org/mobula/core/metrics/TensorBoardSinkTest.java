package org.mobula.core.metrics;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardSinkTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_500L));

  private final Path directory;

  TensorBoardSinkTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  /** The records of a file in hexadecimal, their checksums checked. */
  private static List<String> records(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<String> records = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[Long.BYTES];
      bytes.get(length);
      assertThat(bytes.getInt()).isEqualTo(TensorBoardSink.maskedChecksum(length, Long.BYTES));
      byte[] data = new byte[length[0] & 0xFF];
      bytes.get(data);
      assertThat(bytes.getInt()).isEqualTo(TensorBoardSink.maskedChecksum(data, data.length));
      records.add(HexFormat.of().formatHex(data));
    }
    return records;
  }

  @Test
  void checksumIsTheMaskedCrc32c() {
    // CRC-32C of "123456789" is E3069283 (RFC 3720); masked: rotated right by 15, plus A282EAD8.
    assertThat(TensorBoardSink.maskedChecksum("123456789".getBytes(US_ASCII), 9))
        .isEqualTo(((0xE3069283 >>> 15) | (0xE3069283 << 17)) + 0xA282EAD8);
  }

  @Test
  void writesEventsAsProtocolBuffers() throws IOException {
    try (MetricSink sink = TensorBoardSink.resume(directory, 299, CLOCK)) {
      sink.record(300, 1, Map.of("loss/policy", 1.5));
    }

    String wallTime = "09" + "00002040fc54d941"; // 1: double 1700000000.5, little endian
    String step = "10" + "ac02"; // 2: varint 300
    assertThat(records(files().get(0)))
        .containsExactly(
            wallTime
                + "1000"
                + "1a0d"
                + HexFormat.of().formatHex("brain.Event:2".getBytes(US_ASCII)),
            wallTime + step + "3a02" + "0801", // 7: SessionLog, 1: START
            wallTime
                + step
                + ("2a14" + "0a12") // 5: Summary, 1: Value
                + ("0a0b" + HexFormat.of().formatHex("loss/policy".getBytes(US_ASCII)))
                + ("15" + "0000c03f")); // 2: float 1.5
  }

  @Test
  void aResumedRunSortsBehindTheFirst() throws IOException {
    for (int i = 0; i < 3; i++) {
      TensorBoardSink.resume(directory, 10, CLOCK).close();
    }

    assertThat(files())
        .extracting(file -> file.getFileName().toString().substring(0, 30))
        .containsExactly(
            "events.out.tfevents.1700000000",
            "events.out.tfevents.1700000001",
            "events.out.tfevents.1700000002");
  }

  @Test
  void takesManyLongNames() throws IOException {
    Map<String, Double> one = Map.of("name/".repeat(20), 1.0);
    try (MetricSink sink = TensorBoardSink.create(directory)) {
      sink.record(Long.MAX_VALUE, 1, one);
    }

    assertThat(records(files().get(0))).hasSize(2);
  }
}
