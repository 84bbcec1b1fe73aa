package org.mobula.core.runtime.local;

import java.util.HashMap;
import java.util.Map;
import org.mobula.core.runtime.Resources;

/** The free resources in whole millionths. Not thread-safe: the scheduler's lock guards it. */
final class Ledger {
  private final Resources total;
  private final Map<String, Long> free;

  Ledger(Resources total) {
    this.total = total;
    this.free = new HashMap<>(total.micros());
  }

  long free(String name) {
    return free.getOrDefault(name, 0L);
  }

  boolean fits(Resources wanted) {
    for (Map.Entry<String, Long> entry : wanted.micros().entrySet()) {
      if (entry.getValue() > free(entry.getKey())) {
        return false;
      }
    }
    return true;
  }

  void take(Resources wanted) {
    wanted.micros().forEach((name, micros) -> add(name, -micros));
  }

  void giveBack(Resources held) {
    held.micros().forEach(this::add);
  }

  void add(String name, long micros) {
    long now = free.merge(name, micros, Long::sum);
    if (now < 0 || now > total.micros(name)) {
      throw new AssertionError(
          "%s: %s millionths free of %s".formatted(name, now, total.micros(name)));
    }
  }

  Resources snapshot() {
    Resources result = Resources.NONE;
    for (Map.Entry<String, Long> entry : free.entrySet()) {
      result = result.withMicros(entry.getKey(), entry.getValue());
    }
    return result;
  }
}
