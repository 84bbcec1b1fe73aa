package org.mobula.core.config;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Guesses which key was meant by an unknown one. */
final class KeyHint {
  private static final int MOST = 3;

  private final Alternatives alternatives;
  private final Class<?> root;

  /**
   * Hints for a file.
   *
   * @param root the record that the whole file is
   */
  KeyHint(Alternatives alternatives, Class<?> root) {
    this.alternatives = alternatives;
    this.root = root;
  }

  /** A hint among the keys of a record. */
  String of(String key, Map<String, RecordComponent> known) {
    return known.entrySet().stream()
        .filter(entry -> isCalled(key, entry.getKey(), entry.getValue()))
        .map(Map.Entry::getKey)
        .findFirst()
        .map(KeyHint::didYouMean)
        .orElseGet(() -> of(key, known.keySet()));
  }

  /** A hint among keys that are no settings themselves, such as the names of algorithms. */
  String of(String key, Collection<String> known) {
    return NearestName.of(key, known)
        .or(() -> places(key))
        .map(KeyHint::didYouMean)
        .orElseGet(
            () -> "; known are " + known.stream().sorted().collect(Collectors.joining(", ")));
  }

  private static String didYouMean(String name) {
    return "; did you mean " + name + "?";
  }

  /** The places in the file that have such a key, if they are few. */
  private Optional<String> places(String key) {
    Map<String, RecordComponent> settings = new LinkedHashMap<>();
    collect(root, "", new ArrayDeque<>(), settings);
    List<String> found = new ArrayList<>();
    settings.forEach(
        (path, component) -> {
          if (isCalled(key, path.substring(path.lastIndexOf('.') + 1), component)) {
            found.add(path);
          }
        });
    return found.isEmpty() || found.size() > MOST
        ? Optional.empty()
        : Optional.of(String.join(" or ", found));
  }

  private void collect(
      Type type, String path, Deque<Class<?>> above, Map<String, RecordComponent> settings) {
    Class<?> raw = Binder.rawType(type);
    if (raw == Map.class) {
      collect(Binder.argument(type, 1), Binder.join(path, "NAME"), above, settings);
    } else if (raw.isRecord() && !above.contains(raw)) {
      above.push(raw);
      RecordShape.of(raw)
          .components()
          .forEach(
              (key, component) -> {
                String own = Binder.join(path, key);
                settings.put(own, component);
                collect(component.getGenericType(), own, above, settings);
              });
      above.pop();
    } else if (raw.isInterface() && raw != List.class && !Scalars.supports(raw)) {
      alternatives
          .records(raw)
          .forEach((key, record) -> collect(record, Binder.join(path, key), above, settings));
    }
  }

  /** Whether a setting has this name, here or in other tools. */
  private static boolean isCalled(String name, String key, RecordComponent component) {
    String spelt = spelling(name);
    Elsewhere elsewhere = component.getAnnotation(Elsewhere.class);
    return spelt.equals(key)
        || (elsewhere != null
            && Arrays.stream(elsewhere.value()).map(KeyHint::spelling).anyMatch(spelt::equals));
  }

  private static String spelling(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
