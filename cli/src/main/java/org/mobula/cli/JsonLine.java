package org.mobula.cli;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import org.jspecify.annotations.Nullable;

/** A flat JSON object in one line; a mapper would take longer to start than many a run. */
final class JsonLine {
  private final StringBuilder json = new StringBuilder("{");

  JsonLine text(String name, @Nullable String value) {
    key(name);
    if (value == null) {
      json.append("null");
    } else {
      json.append('"');
      JsonStringEncoder.getInstance().quoteAsString(value, json);
      json.append('"');
    }
    return this;
  }

  JsonLine integer(String name, long value) {
    key(name).append(value);
    return this;
  }

  /** JSON has neither NaN nor infinity: they are null. */
  JsonLine number(String name, double value) {
    key(name).append(Double.isFinite(value) ? Double.toString(value) : "null");
    return this;
  }

  private StringBuilder key(String name) {
    json.append(json.length() > 1 ? ",\"" : "\"");
    JsonStringEncoder.getInstance().quoteAsString(name, json);
    return json.append("\":");
  }

  @Override
  public String toString() {
    return json + "}";
  }
}
