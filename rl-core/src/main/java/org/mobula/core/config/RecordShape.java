package org.mobula.core.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What reflection knows of a record type: its keys, its defaults, how to make one. */
final class RecordShape {
  private final Class<?> type;
  private final RecordComponent[] components;
  private final @Nullable Method defaults;

  private RecordShape(Class<?> type) {
    this.type = type;
    this.components = type.getRecordComponents();
    this.defaults =
        Arrays.stream(type.getDeclaredMethods())
            .filter(method -> method.getName().equals("defaults"))
            .filter(method -> Modifier.isStatic(method.getModifiers()))
            .max(Comparator.comparingInt(Method::getParameterCount)) // the others are shorter words
            .orElse(null);
  }

  static RecordShape of(Class<?> type) {
    return new RecordShape(type);
  }

  static boolean isNullable(RecordComponent component) {
    return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
  }

  /** The static method that makes a value of the type from one scalar. */
  static Optional<Method> shorthand(Class<?> type) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(method -> method.isAnnotationPresent(Shorthand.class))
        .findFirst();
  }

  Map<String, RecordComponent> components() {
    Map<String, RecordComponent> byKey = new LinkedHashMap<>();
    for (RecordComponent component : components) {
      byKey.put(Keys.of(component), component);
    }
    return byKey;
  }

  /** Those without a default: the parameters of {@code defaults}; all where there is none. */
  List<RecordComponent> required() {
    if (defaults == null) {
      return List.of(components);
    }
    List<RecordComponent> required = new ArrayList<>();
    for (Parameter parameter : defaults.getParameters()) {
      RecordComponent component = components().get(Keys.kebab(parameter.getName()));
      if (component == null) {
        throw new IllegalStateException(
            "the parameters of "
                + type.getName()
                + ".defaults must be named as components are; is it compiled with -parameters?");
      }
      required.add(component);
    }
    return required;
  }

  /** The record with its defaults, given the required ones; empty where it has none. */
  Optional<Record> defaults(List<@Nullable Object> required) throws InvocationTargetException {
    return defaults == null
        ? Optional.empty()
        : Optional.of((Record) invoke(defaults, required.toArray()));
  }

  Object create(@Nullable Object[] values) throws InvocationTargetException {
    try {
      var constructor =
          type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (NoSuchMethodException | InstantiationException | IllegalAccessException e) {
      throw new IllegalStateException("cannot make a " + type.getName(), e);
    }
  }

  static Object invoke(Method method, @Nullable Object... arguments)
      throws InvocationTargetException {
    try {
      method.setAccessible(true);
      return method.invoke(null, arguments);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("cannot call " + method, e);
    }
  }

  static @Nullable Object get(Object record, RecordComponent component) {
    try {
      Method accessor = component.getAccessor();
      accessor.setAccessible(true);
      return accessor.invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }
}
