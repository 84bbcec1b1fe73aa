package org.mobula.core.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.ConfigException.Mistake;
import org.mobula.core.config.InvalidValueException.Violation;

/** A {@link Tree} to a record. Goes on after a mistake, to report all of them at once. */
final class Binder {
  /** In place of a value that a mistake was reported for. */
  private static final Object FAILED = new Object();

  private final Alternatives alternatives;
  private final Class<? extends Record> root;
  private final KeyHint hint;
  private final List<Mistake> mistakes = new ArrayList<>();

  private Binder(Alternatives alternatives, Class<? extends Record> root) {
    this.alternatives = alternatives;
    this.root = root;
    this.hint = new KeyHint(alternatives, root);
  }

  static <T extends Record> T bind(Alternatives alternatives, Class<T> type, Tree tree) {
    return type.cast(new Binder(alternatives, type).bind(tree));
  }

  private Object bind(Tree tree) {
    Object bound = bindRecord(root, tree, "", null);
    if (!mistakes.isEmpty()) {
      throw new ConfigException(mistakes);
    }
    return bound;
  }

  /**
   * Any type that configuration can say.
   *
   * @param path the dotted keys from the root, as errors name the value
   * @param base the value whose components stand in for absent keys
   */
  private Object bind(Type type, Tree tree, String path, @Nullable Object base) {
    Class<?> raw = rawType(type);
    if (tree instanceof Tree.Scalar scalar && !scalar.isNull()) {
      Optional<Method> shorthand = RecordShape.shorthand(raw);
      if (shorthand.isPresent()) {
        return bindShorthand(shorthand.get(), scalar, path);
      }
    }
    if (raw.isRecord()) {
      return bindRecord(raw, tree, path, base);
    } else if (raw == List.class) {
      return bindList(argument(type, 0), tree, path);
    } else if (raw == Map.class) {
      return bindMap(argument(type, 1), tree, path);
    } else if (raw == Object.class) {
      return bindFree(tree, path);
    } else if (Scalars.supports(raw)) {
      return bindScalar(raw, tree, path);
    } else if (raw.isInterface()) {
      return bindAlternative(raw, tree, path, base);
    }
    throw new IllegalStateException(path + " has type " + type + ", which no file can say");
  }

  private Object bindScalar(Class<?> type, Tree tree, String path) {
    if (tree instanceof Tree.Scalar scalar) {
      if (scalar.isNull() && !(type == String.class && scalar.quoted())) {
        return fail(tree, last(path) + " has no value");
      }
      try {
        return Scalars.parse(type, scalar);
      } catch (Scalars.MismatchException e) {
        return fail(tree, last(path) + " is " + tree.show() + " but " + e.rule());
      }
    }
    return fail(tree, last(path) + " is " + tree.show() + " but must be a single value");
  }

  private Object bindShorthand(Method shorthand, Tree.Scalar scalar, String path) {
    Object argument = bind(shorthand.getParameterTypes()[0], scalar, path, null);
    if (argument == FAILED) {
      return FAILED;
    }
    try {
      return RecordShape.invoke(shorthand, argument);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof InvalidValueException invalid) {
        for (Violation violation : invalid.violations()) {
          fail(scalar, last(path) + " is " + scalar.show() + " but " + violation.rule());
        }
        return FAILED;
      }
      return fail(scalar, last(path) + ": " + reason(e));
    }
  }

  private Object bindList(Type element, Tree tree, String path) {
    if (!(tree instanceof Tree.Items items)) {
      return fail(
          tree, last(path) + " is " + tree.show() + " but must be a list, such as [1, 2] or [a]");
    }
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < items.items().size(); i++) {
      values.add(bind(element, items.items().get(i), path + "[" + i + "]", null));
    }
    return values.contains(FAILED) ? FAILED : Collections.unmodifiableList(values);
  }

  private Object bindMap(Type element, Tree tree, String path) {
    Tree.Mapping mapping = mapping(tree);
    if (mapping == null) {
      return fail(tree, last(path) + " is " + tree.show() + " but must be a mapping");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach((key, value) -> values.put(key, bind(element, value, path + "." + key, null)));
    return values.containsValue(FAILED) ? FAILED : Collections.unmodifiableMap(values);
  }

  private Object bindFree(Tree tree, String path) {
    if (tree instanceof Tree.Mapping) {
      return bindMap(Object.class, tree, path);
    } else if (tree instanceof Tree.Items) {
      return bindList(Object.class, tree, path);
    }
    Tree.Scalar scalar = (Tree.Scalar) tree;
    return scalar.isNull() ? fail(tree, last(path) + " has no value") : Scalars.parseFree(scalar);
  }

  private Object bindAlternative(Class<?> type, Tree tree, String path, @Nullable Object base) {
    Map<String, Class<?>> records = alternatives.records(type);
    Tree.Mapping mapping = mapping(tree);
    if (mapping == null && tree instanceof Tree.Scalar name && records.containsKey(name.text())) {
      mapping =
          new Tree.Mapping(tree.place(), Map.of(name.text(), Tree.Mapping.empty(tree.place())));
    }
    if (mapping == null) {
      return fail(
          tree,
          last(path)
              + " is "
              + tree.show()
              + " but must be one of "
              + records.keySet()
              + ", or a mapping with exactly one of them");
    }
    List<String> keys = List.copyOf(mapping.entries().keySet());
    if (keys.size() != 1) {
      Tree place = keys.isEmpty() ? tree : value(mapping, keys.get(keys.size() - 1));
      return fail(
          place,
          last(path)
              + " takes exactly one of "
              + records.keySet()
              + ", but has "
              + (keys.isEmpty() ? "none" : String.join(" and ", keys)));
    }
    String key = keys.get(0);
    Class<?> record = records.get(key);
    if (record == null) {
      return unknownKey(value(mapping, key), key, path, hint.of(key, records.keySet()));
    }
    Object sameKind = record.isInstance(base) ? base : null;
    return bind(record, value(mapping, key), join(path, key), sameKind);
  }

  private Object bindRecord(Class<?> type, Tree tree, String path, @Nullable Object base) {
    RecordShape shape = RecordShape.of(type);
    Map<String, RecordComponent> components = shape.components();
    Tree.Mapping mapping = mapping(tree);
    if (mapping == null) {
      return fail(
          tree,
          (path.isEmpty() ? "the file" : last(path))
              + " is "
              + tree.show()
              + " but must be a mapping with keys such as "
              + components.keySet().iterator().next());
    }
    for (String key : mapping.entries().keySet()) {
      if (!components.containsKey(key)) {
        unknownKey(value(mapping, key), key, path, hint.of(key, components));
      }
    }
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    Object defaults = base != null ? base : bindDefaults(shape, mapping, path, values);
    components.forEach(
        (key, component) -> {
          if (!values.containsKey(key)) {
            values.put(key, bindOptional(component, mapping, join(path, key), defaults));
          }
        });
    if (!values.containsValue(FAILED)) {
      try {
        return shape.create(components.keySet().stream().map(values::get).toArray());
      } catch (InvocationTargetException e) {
        return failToMake(e, mapping, path);
      }
    }
    // The constructor cannot run; its rules for single components still can.
    components.forEach(
        (key, component) -> {
          if (values.get(key) != FAILED && mapping.entries().containsKey(key)) {
            reportViolations(Constraints.violations(component, values.get(key)), mapping);
          }
        });
    return FAILED;
  }

  /** Binds the required components into {@code values}; null where the type has no defaults. */
  private @Nullable Object bindDefaults(
      RecordShape shape, Tree.Mapping mapping, String path, Map<String, @Nullable Object> values) {
    for (RecordComponent component : shape.required()) {
      String key = Keys.of(component);
      values.put(key, bindRequired(component, mapping, join(path, key)));
    }
    if (values.containsValue(FAILED)) {
      return FAILED;
    }
    try {
      return shape.defaults(new ArrayList<>(values.values())).orElse(null);
    } catch (InvocationTargetException e) {
      return failToMake(e, mapping, path);
    }
  }

  private Object failToMake(InvocationTargetException e, Tree.Mapping mapping, String path) {
    if (e.getCause() instanceof InvalidValueException invalid) {
      reportViolations(invalid.violations(), mapping);
      return FAILED;
    }
    return fail(mapping, (path.isEmpty() ? "" : path + ": ") + reason(e));
  }

  private @Nullable Object bindRequired(
      RecordComponent component, Tree.Mapping mapping, String path) {
    Tree tree = mapping.entries().get(Keys.of(component));
    if (tree == null && RecordShape.isNullable(component)) {
      return null;
    } else if (tree == null && component.getType().isRecord()) {
      return bindRecord(component.getType(), Tree.Mapping.empty(mapping.place()), path, null);
    } else if (tree == null) {
      return fail(mapping, path + " is missing");
    }
    return bindPresent(component, tree, path, null);
  }

  /** Where {@code defaults} could not be made, an absent key is not the mistake. */
  private @Nullable Object bindOptional(
      RecordComponent component, Tree.Mapping mapping, String path, @Nullable Object defaults) {
    Object standard =
        defaults == null || defaults == FAILED ? defaults : RecordShape.get(defaults, component);
    Tree tree = mapping.entries().get(Keys.of(component));
    return tree == null
        ? standard
        : bindPresent(component, tree, path, standard == FAILED ? null : standard);
  }

  private @Nullable Object bindPresent(
      RecordComponent component, Tree tree, String path, @Nullable Object base) {
    if (tree instanceof Tree.Scalar scalar
        && scalar.isNull()
        && RecordShape.isNullable(component)) {
      return null;
    }
    if (tree instanceof Tree.Scalar scalar
        && !scalar.isNull()
        && component.isAnnotationPresent(OrOne.class)) {
      Object one = bind(Binder.argument(component.getGenericType(), 0), tree, path, null);
      return one == FAILED ? FAILED : List.of(one);
    }
    return bind(component.getGenericType(), tree, path, base);
  }

  private void reportViolations(List<Violation> violations, Tree.Mapping mapping) {
    for (Violation violation : violations) {
      Tree tree = find(mapping, violation.key());
      if (tree == null) {
        mistakes.add(
            new Mistake(
                mapping.place(),
                violation.key()
                    + " is "
                    + violation.value()
                    + " (the default) but "
                    + violation.rule()));
      } else {
        String written = tree instanceof Tree.Scalar ? tree.show() : violation.value();
        fail(tree, violation.key() + " is " + written + " but " + violation.rule());
      }
    }
  }

  /** What was written for a key such as {@code hidden[1]} or {@code network.hidden}. */
  private static @Nullable Tree find(Tree tree, String key) {
    Tree found = tree;
    for (String part : key.replace("]", "").split("[.\\[]", -1)) {
      if (found instanceof Tree.Items items) {
        found = items.items().get(Integer.parseInt(part));
      } else if (found instanceof Tree.Mapping mapping) {
        found = mapping.entries().get(part);
      }
      if (found == null) {
        return null;
      }
    }
    return found;
  }

  private Object unknownKey(Tree place, String key, String path, String hint) {
    return fail(place, "unknown key " + key + (path.isEmpty() ? "" : " under " + path) + hint);
  }

  private Object fail(Tree tree, String mistake) {
    mistakes.add(new Mistake(tree.place(), mistake));
    return FAILED;
  }

  /** The tree as a mapping, nothing at all being an empty one; null where it is something else. */
  private static Tree.@Nullable Mapping mapping(Tree tree) {
    if (tree instanceof Tree.Mapping mapping) {
      return mapping;
    }
    boolean nothing = tree instanceof Tree.Scalar scalar && scalar.isNull();
    return nothing ? Tree.Mapping.empty(tree.place()) : null;
  }

  private static Tree value(Tree.Mapping mapping, String key) {
    return Objects.requireNonNull(mapping.entries().get(key));
  }

  private static String reason(InvocationTargetException e) {
    Throwable cause = e.getCause();
    if (cause instanceof IllegalArgumentException && cause.getMessage() != null) {
      return cause.getMessage();
    } else if (cause instanceof Error error) {
      throw error;
    }
    return String.valueOf(cause);
  }

  static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  static Class<?> rawType(Type type) {
    return (Class<?>) (type instanceof ParameterizedType generic ? generic.getRawType() : type);
  }

  static Type argument(Type type, int index) {
    if (type instanceof ParameterizedType generic) {
      return generic.getActualTypeArguments()[index];
    }
    throw new IllegalStateException(type + " must name the type of its elements");
  }
}
