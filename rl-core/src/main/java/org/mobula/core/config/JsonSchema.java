package org.mobula.core.config;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The JSON Schema (draft 2020-12) of a configuration, for editors that complete and check YAML. */
public final class JsonSchema {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String DURATION = "^(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?$";

  private final Alternatives alternatives;

  /** Interfaces that are being described, from the outermost on. */
  private final Set<Class<?>> above = new HashSet<>();

  /** Those that occur within themselves, by their simple names. */
  private final Map<String, ObjectNode> recursive = new TreeMap<>();

  private JsonSchema(Alternatives alternatives) {
    this.alternatives = alternatives;
  }

  /** The schema as indented JSON; defaults are those of the records' {@code defaults()}. */
  public static String of(Class<? extends Record> type, Alternatives alternatives) {
    ObjectNode schema = JSON.objectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    JsonSchema describing = new JsonSchema(alternatives);
    schema.setAll(describing.record(type, null));
    if (!describing.recursive.isEmpty()) {
      schema.putObject("$defs").setAll(describing.recursive);
    }
    return schema.toPrettyString();
  }

  private ObjectNode type(Type type, @Nullable Object base) {
    Class<?> raw = Binder.rawType(type);
    ObjectNode node = JSON.objectNode();
    if (raw.isRecord()) {
      node = withShorthand(raw, record(raw, base));
    } else if (raw == List.class) {
      node.put("type", "array");
      node.set("items", type(Binder.argument(type, 0), null));
    } else if (raw == Map.class) {
      node.put("type", "object");
      node.set("additionalProperties", type(Binder.argument(type, 1), null));
    } else if (raw.isEnum()) {
      ArrayNode names = node.put("type", "string").putArray("enum");
      Scalars.constants(raw).forEach(names::add);
    } else if (raw == Duration.class) {
      node.put("type", "string").put("pattern", DURATION);
    } else if (raw == boolean.class || raw == Boolean.class) {
      node.put("type", "boolean");
    } else if (List.of(int.class, Integer.class, long.class, Long.class).contains(raw)) {
      node.put("type", "integer");
    } else if (List.of(double.class, Double.class, float.class, Float.class).contains(raw)) {
      node.put("type", "number");
    } else if (Scalars.supports(raw)) {
      node.put("type", "string");
    } else if (raw != Object.class) {
      node = withShorthand(raw, alternatives(raw, base));
    }
    return node;
  }

  private ObjectNode record(Class<?> type, @Nullable Object base) {
    RecordShape shape = RecordShape.of(type);
    ObjectNode node = JSON.objectNode().put("type", "object");
    Doc doc = type.getAnnotation(Doc.class);
    if (doc != null) {
      node.put("description", doc.value());
    }
    List<RecordComponent> required = base == null ? shape.required() : List.of();
    Object defaults = base != null ? base : new Placeholders(alternatives).defaults(type);
    ObjectNode properties = node.putObject("properties");
    ArrayNode keys = JSON.arrayNode();
    for (Map.Entry<String, RecordComponent> entry : shape.components().entrySet()) {
      RecordComponent component = entry.getValue();
      Object holder = required.contains(component) ? null : defaults;
      Object standard = holder == null ? null : RecordShape.get(holder, component);
      ObjectNode property = property(component, standard);
      if (holder != null) {
        property.set(
            "default",
            new ConfigValues(alternatives).of(component.getGenericType(), finite(standard)));
      }
      properties.set(entry.getKey(), property);
      if (required.contains(component) && !RecordShape.isNullable(component)) {
        keys.add(entry.getKey());
      }
    }
    if (!keys.isEmpty()) {
      node.set("required", keys);
    }
    return node.put("additionalProperties", false);
  }

  private ObjectNode property(RecordComponent component, @Nullable Object standard) {
    ObjectNode node = type(component.getGenericType(), standard);
    Range range = component.getAnnotation(Range.class);
    boolean list = component.getType() == List.class;
    if (range != null && component.getType() != Duration.class) {
      ObjectNode bounded = list ? (ObjectNode) node.get("items") : node;
      bound(bounded, "minimum", range.min());
      bound(bounded, "exclusiveMinimum", range.exclusiveMin());
      bound(bounded, "maximum", range.max());
      bound(bounded, "exclusiveMaximum", range.exclusiveMax());
    }
    if (component.isAnnotationPresent(NotEmpty.class)) {
      boolean map = component.getType() == Map.class;
      node.put(list ? "minItems" : map ? "minProperties" : "minLength", 1);
    }
    if (component.isAnnotationPresent(OrOne.class)) {
      node = either(type(Binder.argument(component.getGenericType(), 0), null), node);
    }
    if (RecordShape.isNullable(component)) {
      node = either(node, JSON.objectNode().put("type", "null"));
    }
    Doc doc = component.getAnnotation(Doc.class);
    if (doc != null) {
      Elsewhere elsewhere = component.getAnnotation(Elsewhere.class);
      String names =
          elsewhere == null ? "" : " (elsewhere " + String.join(", ", elsewhere.value()) + ")";
      node.put("description", doc.value() + names);
    }
    return node;
  }

  private static void bound(ObjectNode node, String keyword, double bound) {
    if (Double.isFinite(bound)) {
      if (bound == Math.rint(bound) && Math.abs(bound) < 1L << 53) {
        node.put(keyword, (long) bound);
      } else {
        node.put(keyword, bound);
      }
    }
  }

  private ObjectNode alternatives(Class<?> type, @Nullable Object base) {
    if (!above.add(type)) {
      return reference(type);
    }
    ObjectNode node = oneOf(type, base);
    above.remove(type);
    return node;
  }

  /** An interface within itself. */
  private ObjectNode reference(Class<?> type) {
    String name = type.getSimpleName();
    if (!recursive.containsKey(name)) {
      recursive.put(name, JSON.objectNode()); // it occurs within this one, too
      recursive.put(name, withShorthand(type, oneOf(type, null)));
    }
    return JSON.objectNode().put("$ref", "#/$defs/" + name);
  }

  private ObjectNode oneOf(Class<?> type, @Nullable Object base) {
    ObjectNode node = JSON.objectNode().put("type", "object");
    ObjectNode properties = node.putObject("properties");
    alternatives
        .records(type)
        .forEach(
            (key, record) ->
                properties.set(
                    key,
                    withShorthand(record, record(record, record.isInstance(base) ? base : null))));
    node.put("additionalProperties", false).put("minProperties", 1).put("maxProperties", 1);
    ObjectNode named = JSON.objectNode().put("type", "string");
    ArrayNode names = named.putArray("enum");
    alternatives
        .records(type)
        .forEach(
            (key, record) -> {
              if (RecordShape.of(record).required().stream().allMatch(RecordShape::isNullable)) {
                names.add(key);
              }
            });
    return names.isEmpty() ? node : either(named, node);
  }

  private ObjectNode withShorthand(Class<?> type, ObjectNode full) {
    return RecordShape.shorthand(type)
        .map(shorthand -> either(type(shorthand.getParameterTypes()[0], null), full))
        .orElse(full);
  }

  private static ObjectNode either(ObjectNode one, ObjectNode other) {
    ObjectNode node = JSON.objectNode();
    node.putArray("anyOf").add(one).add(other);
    return node;
  }

  /** JSON has no infinity; YAML's word for it stands in. */
  private static @Nullable Object finite(@Nullable Object value) {
    boolean infinite = value instanceof Number number && Double.isInfinite(number.doubleValue());
    return infinite ? Scalars.show(value) : value;
  }
}
