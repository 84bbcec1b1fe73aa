package org.mobula.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Writes a record as the YAML that {@link ConfigReader} reads back as an equal record. */
public final class ConfigWriter {
  // Letters first, then nothing that YAML could take for structure; anything else is quoted.
  private static final Pattern PLAIN = Pattern.compile("[\\p{L}./][\\p{L}\\p{N}_./+-]*");
  private static final int INDENT = 2;

  private final StringBuilder yaml = new StringBuilder();

  private ConfigWriter() {}

  /** All settings, the defaults too. */
  public static String write(Record config, Alternatives alternatives) {
    ConfigWriter writer = new ConfigWriter();
    writer.mapping(new ConfigValues(alternatives).ofRecord(config), 0);
    return writer.yaml.toString();
  }

  /** A record in one line, with the key that chooses it: {@code {pink: {deviation: 0.3}}}. */
  static String inline(Record record) {
    Class<?> type =
        Arrays.stream(record.getClass().getInterfaces())
            .filter(Class::isSealed)
            .findFirst()
            .orElse(record.getClass());
    ConfigWriter writer = new ConfigWriter();
    writer.flow(new ConfigValues(Alternatives.none()).of(type, record));
    return writer.yaml.toString();
  }

  /**
   * Each setting by itself, the defaults too.
   *
   * @return the values as they would stand in a file, by their dotted keys: {@code
   *     algorithm.ppo.discount} to {@code 0.99}
   */
  public static SortedMap<String, String> settings(Record config, Alternatives alternatives) {
    SortedMap<String, String> settings = new TreeMap<>();
    settings("", new ConfigValues(alternatives).ofRecord(config), settings);
    return settings;
  }

  private static void settings(String prefix, JsonNode values, SortedMap<String, String> into) {
    for (Map.Entry<String, JsonNode> entry : values.properties()) {
      JsonNode value = entry.getValue();
      String key = prefix + entry.getKey();
      if (value.isObject() && !value.isEmpty()) {
        settings(key + ".", value, into);
      } else {
        ConfigWriter writer = new ConfigWriter();
        writer.flow(value);
        into.put(key, writer.yaml.toString());
      }
    }
  }

  private void mapping(JsonNode values, int indent) {
    for (Map.Entry<String, JsonNode> entry : values.properties()) {
      JsonNode value = entry.getValue();
      yaml.append(" ".repeat(indent)).append(text(entry.getKey())).append(':');
      if (value.isObject() && !value.isEmpty()) {
        yaml.append('\n');
        mapping(value, indent + INDENT);
      } else {
        yaml.append(' ');
        flow(value);
        yaml.append('\n');
      }
    }
  }

  /** In one line: scalars, and lists with all that is in them. */
  private void flow(JsonNode value) {
    if (value.isArray()) {
      yaml.append('[');
      String separator = "";
      for (JsonNode item : value) {
        yaml.append(separator);
        flow(item);
        separator = ", ";
      }
      yaml.append(']');
    } else if (value.isObject()) {
      yaml.append('{');
      String separator = "";
      for (Map.Entry<String, JsonNode> entry : value.properties()) {
        yaml.append(separator).append(text(entry.getKey())).append(": ");
        flow(entry.getValue());
        separator = ", ";
      }
      yaml.append('}');
    } else if (value.isFloat()) {
      number(Double.parseDouble(Float.toString(value.floatValue())));
    } else if (value.isDouble()) {
      number(value.doubleValue());
    } else {
      yaml.append(value.isTextual() ? text(value.textValue()) : value.asText());
    }
  }

  /** With a fraction or an exponent, so that free options read it as a floating-point number. */
  private void number(double number) {
    String text = Double.compare(number, -0.0) == 0 ? "-0.0" : Scalars.plain(number);
    yaml.append(text.matches("-?\\d+") ? text + ".0" : text);
  }

  private static String text(String text) {
    if (PLAIN.matcher(text).matches() && Scalars.isText(text)) {
      return text;
    }
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (letter == '"' || letter == '\\') {
        quoted.append('\\').append(letter);
      } else if (letter == '\n') {
        quoted.append("\\n");
      } else if (letter < ' ' || (letter >= 0x7F && letter <= 0xA0) || letter >= 0x2028) {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) letter));
      } else {
        quoted.append(letter);
      }
    }
    return quoted.append('"').toString();
  }
}
