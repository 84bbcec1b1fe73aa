package org.mobula.core.config;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The records that an interface stands for in a file, by the one key that chooses among them.
 *
 * <p>A sealed interface of records needs no entry: its records are known by their {@link Key}. An
 * interface that is open, because its records live in packages that it must not know, is given its
 * records here by whoever composes the program.
 */
public final class Alternatives implements Serializable {
  private static final long serialVersionUID = 1;

  private final HashMap<Class<?>, Map<String, Class<?>>> named;

  private Alternatives(Map<Class<?>, Map<String, Class<?>>> named) {
    this.named = new HashMap<>(named);
  }

  /** Sealed interfaces alone. */
  public static Alternatives none() {
    return new Alternatives(Map.of());
  }

  /** The records of one interface. */
  public static <T> Alternatives of(Class<T> type, Map<String, Class<? extends T>> records) {
    return none().and(type, records);
  }

  /** These and the records of one interface more. */
  public <T> Alternatives and(Class<T> type, Map<String, Class<? extends T>> records) {
    Map<Class<?>, Map<String, Class<?>>> more = new HashMap<>(named);
    more.put(type, Collections.unmodifiableMap(new TreeMap<String, Class<?>>(records)));
    return new Alternatives(more);
  }

  /**
   * These and one more record of an interface whose records are given already: whoever composes a
   * program adds its own to the built-in ones.
   *
   * @param key that chooses the record in a file; {@link Key} on the record says the same to code
   *     that does not know it
   * @throws IllegalArgumentException if the key is taken
   */
  public <T> Alternatives with(Class<T> type, String key, Class<? extends T> record) {
    Map<String, Class<?>> records = new TreeMap<>(records(type));
    Class<?> former = records.put(key, record);
    if (former != null && former != record) {
      throw new IllegalArgumentException(
          "the key %s of %s is %s already; %s needs another key"
              .formatted(key, type.getSimpleName(), former.getName(), record.getName()));
    }
    Map<Class<?>, Map<String, Class<?>>> more = new HashMap<>(named);
    more.put(type, Collections.unmodifiableMap(records));
    return new Alternatives(more);
  }

  /** The records of an interface by key, in alphabetical order. */
  Map<String, Class<?>> records(Class<?> type) {
    Map<String, Class<?>> records = named.get(type);
    if (records != null) {
      return records;
    }
    if (!type.isSealed()) {
      throw new IllegalStateException(
          type.getName() + " is an open interface: name its records with Alternatives.of");
    }
    Map<String, Class<?>> permitted = new TreeMap<>();
    Arrays.stream(type.getPermittedSubclasses())
        .forEach(record -> permitted.put(Keys.of(record), record));
    return permitted;
  }

  /**
   * The key of a value among the records of an interface: {@code ppo}. A record that is not among
   * them may say its own by {@link Key}, so that code which does not know it can write it down.
   */
  public String key(Class<?> type, Object value) {
    Optional<String> key =
        records(type).entrySet().stream()
            .filter(entry -> entry.getValue() == value.getClass())
            .map(Map.Entry::getKey)
            .findFirst();
    Key own = value.getClass().getAnnotation(Key.class);
    return key.or(() -> Optional.ofNullable(own).map(Key::value))
        .orElseThrow(
            () ->
                new IllegalStateException(
                    value.getClass().getName()
                        + " is not among the records of "
                        + type.getSimpleName()
                        + " that have a key: "
                        + records(type).keySet()));
  }
}
