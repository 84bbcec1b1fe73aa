package org.mobula.core.metrics;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * TensorBoard's event file: scalars by name over environment steps.
 *
 * <p>The file is a sequence of records (length, checksum of the length, bytes, checksum of the
 * bytes), each the protocol-buffer message {@code tensorflow.Event}. A resumed run starts a new
 * file whose first event makes TensorBoard drop the steps beyond the checkpoint. A killed process
 * loses the records of one second at most.
 */
public final class TensorBoardSink implements MetricSink {
  private static final Pattern FILE_NAME = Pattern.compile("events\\.out\\.tfevents\\.(\\d+)\\..*");
  private static final String VERSION = "brain.Event:2";
  private static final int SESSION_START = 1;

  private final AppendedFile events;
  private final InstantSource clock;

  private TensorBoardSink(Path directory, InstantSource clock) {
    this.clock = clock;
    this.events = AppendedFile.open(directory.resolve(fileName(directory, clock)));
    append(event(0).bytes(Field.FILE_VERSION, VERSION.getBytes(StandardCharsets.UTF_8)));
  }

  /** Starts an event file in a directory. */
  public static TensorBoardSink create(Path directory) {
    return new TensorBoardSink(directory, InstantSource.system());
  }

  /** Starts a further event file that takes over after a step. */
  public static TensorBoardSink resume(Path directory, long environmentSteps) {
    return resume(directory, environmentSteps, InstantSource.system());
  }

  static TensorBoardSink resume(Path directory, long environmentSteps, InstantSource clock) {
    TensorBoardSink sink = new TensorBoardSink(directory, clock);
    // TensorBoard drops what it knows from the step of a session's start on.
    Message session = new Message(8).integer(Field.SESSION_STATUS, SESSION_START);
    sink.append(sink.event(environmentSteps + 1).message(Field.SESSION_LOG, session));
    return sink;
  }

  /** TensorBoard reads files in the order of their names, so a later file has a later second. */
  private static String fileName(Path directory, InstantSource clock) {
    long seconds = clock.instant().getEpochSecond();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        OptionalLong latest =
            files
                .map(file -> FILE_NAME.matcher(String.valueOf(file.getFileName())))
                .filter(Matcher::matches)
                .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
                .max();
        seconds = Math.max(seconds, latest.orElse(-1) + 1);
      } catch (IOException e) {
        throw AppendedFile.failure(directory, e);
      }
    }
    return String.format(
        Locale.ROOT,
        "events.out.tfevents.%010d.%s.%d",
        seconds,
        host(),
        ProcessHandle.current().pid());
  }

  /** From the environment, because asking the network for the name can take seconds. */
  private static String host() {
    String name = System.getenv("HOSTNAME");
    name = name != null ? name : System.getenv("COMPUTERNAME");
    return Objects.requireNonNullElse(name, "localhost").replaceAll("[^\\w-]", "-");
  }

  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    Message summary = new Message(64 * values.size() + 64);
    values.forEach(
        (name, value) -> {
          byte[] tag = name.getBytes(StandardCharsets.UTF_8);
          summary.message(
              Field.SUMMARY_VALUE,
              new Message(tag.length + 16)
                  .bytes(Field.VALUE_TAG, tag)
                  .float32(Field.VALUE_SIMPLE, value.floatValue()));
        });
    append(event(environmentSteps).message(Field.SUMMARY, summary));
  }

  private Message event(long environmentSteps) {
    return new Message(64)
        .float64(Field.WALL_TIME, clock.millis() / 1000.0)
        .integer(Field.STEP, environmentSteps);
  }

  private void append(Message event) {
    byte[] data = event.toBytes();
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + data.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(maskedChecksum(record.array(), Long.BYTES));
    record.put(data);
    record.putInt(maskedChecksum(data, data.length));
    events.append(record.array());
  }

  /** The masked CRC-32C of the TFRecord format. */
  static int maskedChecksum(byte[] data, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(data, 0, length);
    return Integer.rotateRight((int) checksum.getValue(), 15) + 0xA282EAD8;
  }

  @Override
  public void flush() {
    events.flush();
  }

  @Override
  public void close() {
    events.close();
  }

  /** Field numbers in tensorflow/core/util/event.proto and framework/summary.proto. */
  private static final class Field {
    static final int WALL_TIME = 1;
    static final int STEP = 2;
    static final int FILE_VERSION = 3;
    static final int SUMMARY = 5;
    static final int SESSION_LOG = 7;
    static final int SESSION_STATUS = 1;
    static final int SUMMARY_VALUE = 1;
    static final int VALUE_TAG = 1;
    static final int VALUE_SIMPLE = 2;
  }
}
