package org.mobula.cli.output;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.ShardEvent;

/** A flat JSON object in one line; a mapper would take longer to start than many a run. */
public final class JsonLine {
  private final StringBuilder json = new StringBuilder("{");

  public JsonLine text(String name, @Nullable String value) {
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

  public JsonLine integer(String name, long value) {
    key(name).append(value);
    return this;
  }

  /** JSON has neither NaN nor infinity: they are null. */
  public JsonLine number(String name, double value) {
    key(name).append(Double.isFinite(value) ? Double.toString(value) : "null");
    return this;
  }

  /** Each value as it is: texts, numbers and booleans; of numbers every digit. */
  public JsonLine object(String name, Map<String, Object> values) {
    JsonLine object = new JsonLine();
    values.forEach(object::value);
    key(name).append(object);
    return this;
  }

  public JsonLine shardEvent(ShardEvent event) {
    return text("kind", event.kind().label())
        .integer("shard", event.shard())
        .text("message", event.message());
  }

  public JsonLine objects(String name, List<JsonLine> values) {
    key(name).append(values.toString());
    return this;
  }

  public JsonLine integers(String name, List<Integer> values) {
    key(name).append(values.toString().replace(" ", ""));
    return this;
  }

  public JsonLine numbers(String name, double... values) {
    StringJoiner list = new StringJoiner(",", "[", "]");
    for (double value : values) {
      list.add(Double.isFinite(value) ? Double.toString(value) : "null");
    }
    key(name).append(list);
    return this;
  }

  private void value(String name, Object value) {
    if (value instanceof Double number) {
      number(name, number);
    } else if (value instanceof Number || value instanceof Boolean) {
      key(name).append(value);
    } else {
      text(name, value.toString());
    }
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
