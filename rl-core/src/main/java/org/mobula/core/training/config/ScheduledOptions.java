package org.mobula.core.training.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.optimizer.Schedule;

/** Options by name, some of which change over a run; as a file says them. */
final class ScheduledOptions {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> KINDS =
      Set.of("constant", "linear", "exponential", "cosine", "piecewise");

  private static final String PLACE = "option";

  private ScheduledOptions() {}

  /** In the place of a schedule. */
  record Scheduled(Schedule value) {}

  /** The options with schedules of Java as a file would say them. */
  static Map<String, Object> written(Map<String, Object> options) {
    Map<String, Object> written = new TreeMap<>(options);
    written.replaceAll(
        (name, value) -> value instanceof Schedule schedule ? written(schedule) : value);
    return Map.copyOf(written);
  }

  private static Object written(Schedule schedule) {
    if (schedule instanceof Schedule.Constant constant) {
      return constant.value();
    } else if (schedule instanceof Schedule.Linear linear) {
      return Map.of("linear", ends(linear.from(), linear.to()));
    } else if (schedule instanceof Schedule.Exponential exponential) {
      return Map.of("exponential", ends(exponential.from(), exponential.to()));
    } else if (schedule instanceof Schedule.Cosine cosine) {
      return Map.of("cosine", ends(cosine.from(), cosine.to()));
    }
    List<Map<String, Double>> points =
        ((Schedule.Piecewise) schedule)
            .points().stream()
                .map(point -> Map.of("progress", point.progress(), "value", point.value()))
                .toList();
    return Map.of("piecewise", Map.of("points", points));
  }

  private static Map<String, Double> ends(double from, double to) {
    return Map.of("from", from, "to", to);
  }

  /**
   * The options at some point of a run.
   *
   * @throws InvalidValueException if what looks like a schedule is none
   */
  static Map<String, Object> at(Map<String, Object> options, double progress) {
    Map<String, Object> present = new TreeMap<>(options);
    present.replaceAll(
        (name, value) -> {
          Schedule schedule = schedule(name, value);
          return schedule == null ? value : schedule.at(progress);
        });
    return Map.copyOf(present);
  }

  private static @Nullable Schedule schedule(String name, Object value) {
    if (!(value instanceof Map<?, ?> map) || map.size() != 1 || !KINDS.containsAll(map.keySet())) {
      return null;
    }
    try {
      String text = JSON.writeValueAsString(Map.of("value", value));
      return ConfigReader.read(text, PLACE, Scheduled.class, List.of(), Alternatives.none())
          .value();
    } catch (ConfigException e) {
      throw new InvalidValueException(
          "reset-options",
          Map.of(name, value),
          "%s must be a schedule: %s".formatted(name, mistakes(e)));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("reset-options." + name + " cannot be read", e);
    }
  }

  /** Without the places, which are in a text that nobody has written. */
  private static String mistakes(ConfigException e) {
    return e.mistakes().stream()
        .map(line -> line.replaceFirst("^" + PLACE + ":\\d+:\\d+: ", "").replace("value.", ""))
        .collect(Collectors.joining("; "));
  }
}
