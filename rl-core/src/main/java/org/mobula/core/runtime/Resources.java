package org.mobula.core.runtime;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Amounts of named resources. Kept in whole millionths, so that fractions such as 0.1 add up
 * exactly. Immutable.
 */
public final class Resources implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Processor cores. */
  public static final String CPU = "CPU";

  /** GPUs. */
  public static final String GPU = "GPU";

  /** Bytes of memory; a promise that is added up, not enforced. */
  public static final String MEMORY = "memory";

  /** The unit that amounts are counted in: 1/1,000,000. */
  public static final long MICROS_PER_UNIT = 1_000_000;

  private static final double MOST = Long.MAX_VALUE / (double) MICROS_PER_UNIT;

  /** Nothing at all. */
  public static final Resources NONE = new Resources(new TreeMap<>());

  /** What a default task needs. */
  public static final Resources ONE_CPU = cpu(1);

  @SuppressWarnings("serial") // always an unmodifiable TreeMap
  private final SortedMap<String, Long> micros;

  private Resources(SortedMap<String, Long> micros) {
    this.micros = Collections.unmodifiableSortedMap(micros);
  }

  /** One resource, e.g. {@code of("GPU", 0.5)}. */
  public static Resources of(String name, double amount) {
    return NONE.with(name, amount);
  }

  /** That many processor cores. */
  public static Resources cpu(double amount) {
    return of(CPU, amount);
  }

  /**
   * These with one amount set.
   *
   * @param amount {@code >= 0}, down to a millionth; 0 takes the resource out
   */
  public Resources with(String name, double amount) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("resource name is blank; e.g. CPU, GPU, licence");
    }
    if (!(amount >= 0) || amount > MOST) {
      throw new IllegalArgumentException(
          "resource %s is %s but must be a number >= 0".formatted(name, amount));
    }
    long rounded = Math.round(amount * MICROS_PER_UNIT);
    if (rounded == 0 && amount > 0) {
      throw new IllegalArgumentException(
          "resource %s is %s but the smallest share is 0.000001".formatted(name, amount));
    }
    return withMicros(name, rounded);
  }

  /** These with one amount set, in millionths. */
  public Resources withMicros(String name, long amountMicros) {
    if (amountMicros < 0) {
      throw new IllegalArgumentException(
          "resource %s is %s millionths but must be >= 0".formatted(name, amountMicros));
    }
    TreeMap<String, Long> copy = new TreeMap<>(micros);
    if (amountMicros == 0) {
      copy.remove(name);
    } else {
      copy.put(name, amountMicros);
    }
    return new Resources(copy);
  }

  /** Units of a resource; 0 if there is none. */
  public double amount(String name) {
    return micros(name) / (double) MICROS_PER_UNIT;
  }

  /** Millionths of a resource; 0 if there is none. */
  public long micros(String name) {
    return micros.getOrDefault(name, 0L);
  }

  /** Millionths by name, without zeros. */
  public SortedMap<String, Long> micros() {
    return micros;
  }

  /** Whether there is nothing. */
  public boolean isEmpty() {
    return micros.isEmpty();
  }

  @Override
  public boolean equals(Object other) {
    return other == this || (other instanceof Resources that && micros.equals(that.micros));
  }

  @Override
  public int hashCode() {
    return micros.hashCode();
  }

  /** For example {@code CPU 2, GPU 0.5}. */
  @Override
  public String toString() {
    if (micros.isEmpty()) {
      return "nothing";
    }
    return micros.entrySet().stream()
        .map(e -> e.getKey() + " " + format(e.getValue()))
        .collect(Collectors.joining(", "));
  }

  private static String format(long amountMicros) {
    return BigDecimal.valueOf(amountMicros, 6).stripTrailingZeros().toPlainString();
  }
}
