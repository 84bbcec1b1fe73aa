package org.mobula.core.metrics;

import com.fasterxml.jackson.core.io.NumberOutput;

/** Numbers as text. */
final class Numbers {
  private Numbers() {}

  /**
   * The shortest text that reads as the same number. By Raffaello Giulietti's algorithm, as the JDK
   * since 19: before that its own is several times slower, and half a second's work to compile.
   */
  static String text(double value) {
    return NumberOutput.toString(value, true);
  }
}
