package org.mobula.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records to the tree of keys and plain values that a file would hold. */
final class ConfigValues {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final Alternatives alternatives;

  ConfigValues(Alternatives alternatives) {
    this.alternatives = alternatives;
  }

  ObjectNode ofRecord(Object record) {
    ObjectNode node = JSON.objectNode();
    RecordShape shape = RecordShape.of(record.getClass());
    List<RecordComponent> required = shape.required();
    shape
        .components()
        .forEach(
            (key, component) -> {
              Object value = RecordShape.get(record, component);
              // One without a default that may be left out was left out.
              if (value != null || !required.contains(component)) {
                node.set(key, of(component.getGenericType(), value));
              }
            });
    return node;
  }

  JsonNode of(Type type, @Nullable Object value) {
    if (value == null) {
      return JSON.nullNode();
    } else if (value instanceof List<?> items) {
      ArrayNode array = JSON.arrayNode();
      Type element = type == Object.class ? type : Binder.argument(type, 0);
      items.forEach(item -> array.add(of(element, item)));
      return array;
    } else if (value instanceof Map<?, ?> map) {
      ObjectNode object = JSON.objectNode();
      Type element = type == Object.class ? type : Binder.argument(type, 1);
      map.forEach((key, item) -> object.set(String.valueOf(key), of(element, item)));
      return object;
    } else if (value instanceof Record) {
      Class<?> raw = Binder.rawType(type);
      return raw.isInterface()
          ? JSON.objectNode().set(alternatives.key(raw, value), ofRecord(value))
          : ofRecord(value);
    }
    return scalar(value);
  }

  private static JsonNode scalar(Object value) {
    if (value instanceof Integer number) {
      return JSON.numberNode(number);
    } else if (value instanceof Long number) {
      return JSON.numberNode(number);
    } else if (value instanceof Float number) {
      return JSON.numberNode(number);
    } else if (value instanceof Double number) {
      return JSON.numberNode(number);
    } else if (value instanceof Boolean truth) {
      return JSON.booleanNode(truth);
    } else if (value instanceof Enum<?> constant) {
      return JSON.textNode(Keys.of(constant));
    } else if (value instanceof Duration duration) {
      return JSON.textNode(Scalars.text(duration));
    }
    return JSON.textNode(value.toString());
  }
}
