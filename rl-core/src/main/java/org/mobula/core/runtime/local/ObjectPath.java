package org.mobula.core.runtime.local;

import java.io.Serializable;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.TaskRuntime;

/** Finds the way from a value to the object inside it that cannot be serialised. */
final class ObjectPath {
  private static final int MAX_DEPTH = 64;

  private final String culpritClass;
  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private ObjectPath(String culpritClass) {
    this.culpritClass = culpritClass;
  }

  /** For example {@code captured[0].optimizer.moments["w"]}; "a part of it" if there is no way. */
  static String find(@Nullable Object root, String culpritClass) {
    String path = new ObjectPath(culpritClass).search(root, "", 0);
    if (path == null) {
      return "a part of it";
    }
    return path.isEmpty() ? "the value itself" : path.startsWith(".") ? path.substring(1) : path;
  }

  private @Nullable String search(@Nullable Object value, String path, int depth) {
    if (value == null || depth > MAX_DEPTH || !seen.add(value) || goesByName(value)) {
      return null;
    }
    if (value.getClass().getName().equals(culpritClass)) {
      return path;
    }
    if (!(value instanceof Serializable)) {
      return null; // the culprit, or not written at all
    }
    if (value instanceof Object[] array) {
      return searchAll(Arrays.asList(array), path, depth);
    }
    if (value instanceof Collection<?> collection) {
      return searchAll(collection, path, depth);
    }
    if (value instanceof Map<?, ?> map) {
      return searchMap(map, path, depth);
    }
    SerializedLambda lambda = asLambda(value);
    if (lambda != null) {
      for (int i = 0; i < lambda.getCapturedArgCount(); i++) {
        Object captured = lambda.getCapturedArg(i);
        String found = search(captured, path + ".captured[" + i + "]", depth + 1);
        if (found != null) {
          return found;
        }
      }
      return null;
    }
    return searchFields(value, path, depth);
  }

  private static boolean goesByName(Object value) {
    return value instanceof ObjectRef || value instanceof ActorRef || value instanceof TaskRuntime;
  }

  private @Nullable String searchAll(Collection<?> elements, String path, int depth) {
    int index = 0;
    for (Object element : elements) {
      String found = search(element, path + "[" + index + "]", depth + 1);
      if (found != null) {
        return found;
      }
      index++;
    }
    return null;
  }

  private @Nullable String searchMap(Map<?, ?> map, String path, int depth) {
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String found = search(entry.getKey(), path + "[a key]", depth + 1);
      if (found == null) {
        found = search(entry.getValue(), path + "[\"" + entry.getKey() + "\"]", depth + 1);
      }
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private @Nullable String searchFields(Object value, String path, int depth) {
    for (Class<?> type = value.getClass();
        type != null && Serializable.class.isAssignableFrom(type);
        type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        int modifiers = field.getModifiers();
        if (field.getType().isPrimitive()
            || Modifier.isStatic(modifiers)
            || Modifier.isTransient(modifiers)) {
          continue;
        }
        try {
          field.setAccessible(true);
          String found = search(field.get(value), path + "." + field.getName(), depth + 1);
          if (found != null) {
            return found;
          }
        } catch (IllegalAccessException | InaccessibleObjectException e) {
          // Inside the JDK: the class name in the message must do.
        }
      }
    }
    return null;
  }

  private static @Nullable SerializedLambda asLambda(Object value) {
    if (!value.getClass().isSynthetic()) {
      return null;
    }
    try {
      Method writeReplace = value.getClass().getDeclaredMethod("writeReplace");
      writeReplace.setAccessible(true);
      return writeReplace.invoke(value) instanceof SerializedLambda lambda ? lambda : null;
    } catch (ReflectiveOperationException | InaccessibleObjectException e) {
      return null;
    }
  }
}
