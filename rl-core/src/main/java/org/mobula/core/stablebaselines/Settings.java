package org.mobula.core.stablebaselines;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.stablebaselines.Pickled.Described;
import org.mobula.core.stablebaselines.Pickled.None;

/**
 * Settings by their names elsewhere. Each that is asked for counts as taken over; what is left has
 * no twin here.
 */
final class Settings {
  private final String prefix;
  private final Map<String, Object> values;
  private final Map<String, String> withoutTwin;

  private Settings(String prefix, Map<?, ?> values, Map<String, String> withoutTwin) {
    this.prefix = prefix;
    this.values = new LinkedHashMap<>();
    values.forEach((key, value) -> this.values.put(String.valueOf(key), value));
    this.withoutTwin = withoutTwin;
  }

  /** Settings by name. */
  Settings(Map<?, ?> values) {
    this("", values, new TreeMap<>());
  }

  /** Those within a setting; none where it is missing or None. */
  Settings within(String key) {
    Object inner = take(key);
    if (inner instanceof Map<?, ?> map) {
      return new Settings(prefix + key + ".", map, withoutTwin);
    } else if (inner != null) {
      lacksTwin(key, "it is " + Pickled.words(inner) + ", not a dictionary");
    }
    return new Settings(prefix + key + ".", Map.of(), withoutTwin);
  }

  /** A value, if it is there and not None. */
  @Nullable Object take(String key) {
    Object value = values.remove(key);
    return value == None.NONE ? null : value;
  }

  /** Of no account here: how much is printed, where a log goes. */
  void ignore(Set<String> keys) {
    values.keySet().removeAll(keys);
  }

  /** Notes that a setting is not taken over. */
  void lacksTwin(String key, String reason) {
    withoutTwin.putIfAbsent(prefix + key, reason);
  }

  /** Notes that all those that nobody asked for are not taken over. */
  void leaveRest() {
    values
        .keySet()
        .forEach(key -> withoutTwin.putIfAbsent(prefix + key, "nothing here is like it"));
    values.clear();
  }

  /** What was not taken over and why, by key. */
  Map<String, String> withoutTwin() {
    return withoutTwin;
  }

  double number(String key, double usual) {
    Object value = take(key);
    if (value == null) {
      return usual;
    }
    Double number = asNumber(value);
    if (number == null) {
      lacksTwin(key, "it is " + Pickled.words(value) + ", not a number");
      return usual;
    }
    return number;
  }

  long whole(String key, long usual) {
    double number = number(key, (double) usual);
    if (number != Math.rint(number) || Math.abs(number) > 1L << 53) {
      lacksTwin(key, "it is " + number + ", not a whole number");
      return usual;
    }
    return (long) number;
  }

  int integer(String key, int usual) {
    long number = whole(key, usual);
    if (number != (int) number) {
      lacksTwin(key, "it is " + number + ", which is too large");
      return usual;
    }
    return (int) number;
  }

  boolean flag(String key, boolean usual) {
    Object value = take(key);
    if (value instanceof Boolean flag) {
      return flag;
    } else if (value instanceof Number number) {
      return number.doubleValue() != 0;
    } else if (value != null) {
      lacksTwin(key, "it is " + Pickled.words(value) + ", neither True nor False");
    }
    return usual;
  }

  /** A number, a course of it, or rl-zoo3's {@code lin_} and the number that it starts with. */
  Schedule schedule(String key, Schedule usual) {
    Object value = take(key);
    if (value == null) {
      return usual;
    }
    Schedule schedule = asSchedule(value);
    if (schedule == null) {
      lacksTwin(
          key, "it is " + Pickled.words(value) + "; numbers and straight lines are taken over");
      return usual;
    }
    return schedule;
  }

  private static @Nullable Schedule asSchedule(Object value) {
    Double number = asNumber(value);
    if (number != null) {
      return Schedule.constant(number);
    } else if (value instanceof String text && text.startsWith("lin_")) {
      Double from = asNumber(text.substring("lin_".length()));
      return from == null ? null : Schedule.linear(from, 0);
    } else if (value instanceof Described described) {
      Object inner = described.get("value_schedule");
      Double same = asNumber(described.get("val"));
      Double start = asNumber(described.get("start"));
      Double end = asNumber(described.get("end"));
      Double fraction = asNumber(described.get("end_fraction"));
      if (inner != null && inner != described) {
        return inner instanceof Described wrapped && wrapped.get("value_schedule") != null
            ? null
            : asSchedule(inner);
      } else if (same != null) {
        return Schedule.constant(same);
      } else if (start != null && end != null && fraction != null && fraction > 0) {
        return fraction >= 1
            ? Schedule.linear(start, end)
            : new Schedule.Piecewise(
                List.of(new Schedule.Point(0, start), new Schedule.Point(fraction, end)));
      }
    }
    return null;
  }

  /** Numbers, as YAML and JSON have them, or as text has them. */
  static @Nullable Double asNumber(@Nullable Object value) {
    if (value instanceof Number number) {
      double converted = number.doubleValue();
      return Double.isFinite(converted) ? converted : null;
    } else if (value instanceof String text
        && text.length() < 30
        && text.strip().matches("[-+]?[0-9_]*\\.?[0-9_]+([eE][-+]?[0-9]+)?|[-+]?[0-9]+\\.")) {
      return Double.valueOf(text.strip().replace("_", ""));
    }
    return null;
  }

  /** Whole numbers; null if there are other things among them. */
  static @Nullable List<Integer> asWidths(@Nullable Object value) {
    if (!(value instanceof List<?> list)) {
      return null;
    }
    List<Integer> widths = new ArrayList<>();
    for (Object each : list) {
      Double width = asNumber(each);
      if (width == null || width < 1 || width != width.intValue()) {
        return null;
      }
      widths.add(width.intValue());
    }
    return widths;
  }
}
