package org.mobula.core.metrics;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A JSON object a line: {@code
 * {"environment_steps":256,"wall_seconds":0.5,"rollout/episodes":3.0}}. NaN and infinities, which
 * JSON cannot say, are {@code null}. A killed process loses the records of one second at most.
 */
public final class JsonLinesSink implements MetricSink {
  private static final Pattern STEPS = Pattern.compile("\\{\"environment_steps\":(\\d+),.*}");

  private final AppendedFile lines;
  private final StringBuilder line = new StringBuilder();

  private JsonLinesSink(Path file, String kept) {
    ReplacedFile.write(file, kept);
    lines = AppendedFile.open(file);
  }

  /** Starts a file, in place of one that may be there. */
  public static JsonLinesSink create(Path file) {
    return new JsonLinesSink(file, "");
  }

  /** Goes on with a file, without its lines beyond the step that the run is resumed from. */
  public static JsonLinesSink resume(Path file, long environmentSteps) {
    if (!Files.exists(file)) {
      return create(file);
    }
    StringBuilder kept = new StringBuilder();
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        // A last line that was cut off does not match.
        Matcher matcher = STEPS.matcher(line);
        if (matcher.matches() && Long.parseLong(matcher.group(1)) <= environmentSteps) {
          kept.append(line).append('\n');
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
    }
    return new JsonLinesSink(file, kept.toString());
  }

  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    line.setLength(0);
    line.append("{\"environment_steps\":").append(environmentSteps);
    append("wall_seconds", wallSeconds);
    values.forEach(this::append);
    lines.append(line.append("}\n").toString().getBytes(StandardCharsets.UTF_8));
  }

  private void append(String name, double value) {
    line.append(",\"");
    JsonStringEncoder.getInstance().quoteAsString(name, line);
    line.append("\":");
    if (Double.isFinite(value)) {
      line.append(Numbers.text(value));
    } else {
      line.append("null");
    }
  }

  @Override
  public void flush() {
    lines.flush();
  }

  @Override
  public void close() {
    lines.close();
  }
}
