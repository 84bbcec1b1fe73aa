package org.mobula.serve.record;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Gives answers their ids and remembers the last 1,048,576 of them, in 8 MiB. In the order of their
 * letters ids are in the order of the answers, over restarts too: they begin with the time of the
 * start.
 */
final class RecentAnswers {
  static final int CAPACITY = 1 << 20;
  private static final int CAPACITY_BITS = 20;
  private static final int ROW_BITS = 24;
  private static final int MODEL_BITS = 16;
  private static final int NUMBER_DIGITS = 10;
  private static final HexFormat HEX = HexFormat.of();

  private final String start;
  private final AtomicLong next = new AtomicLong();
  private final AtomicLongArray answers = new AtomicLongArray(CAPACITY);
  private final Map<String, Integer> models = new ConcurrentHashMap<>();
  private final AtomicInteger nextModel = new AtomicInteger();

  RecentAnswers(long startMillis) {
    start =
        HEX.toHexDigits(startMillis, 11) + HEX.toHexDigits(new SecureRandom().nextInt(), 6) + "-";
  }

  /** What all ids of this server begin with. */
  String start() {
    return start;
  }

  long next() {
    return next.getAndIncrement();
  }

  String id(long number) {
    return start + HEX.toHexDigits(number, NUMBER_DIGITS);
  }

  void remember(long number, String model, int rows) {
    int slot = (int) (number & (CAPACITY - 1));
    answers.set(slot, packed(number, model(model), Math.min(rows, (1 << ROW_BITS) - 1)));
  }

  /** Whether it was an answer of this model, is not too old, and had this row. */
  boolean knows(String id, String model, int row) {
    Integer index = models.get(model);
    if (index == null
        || row < 0
        || !id.startsWith(start)
        || id.length() != start.length() + NUMBER_DIGITS) {
      return false;
    }
    long number = 0;
    for (int i = start.length(); i < id.length(); i++) {
      char digit = id.charAt(i);
      if (!HexFormat.isHexDigit(digit)) {
        return false;
      }
      number = (number << 4) | HexFormat.fromHexDigit(digit);
    }
    long found = answers.get((int) (number & (CAPACITY - 1)));
    int rows = (int) (found & ((1L << ROW_BITS) - 1));
    return row < rows && found == packed(number, index, rows);
  }

  private int model(String name) {
    Integer known = models.get(name);
    return known != null
        ? known
        : models.computeIfAbsent(name, added -> nextModel.getAndIncrement());
  }

  private static long packed(long number, int model, int rows) {
    return (number >>> CAPACITY_BITS) << (MODEL_BITS + ROW_BITS)
        | ((long) model << ROW_BITS)
        | rows;
  }
}
