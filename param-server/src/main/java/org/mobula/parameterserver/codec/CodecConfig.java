package org.mobula.parameterserver.codec;

import java.io.Serializable;

/**
 * Which codec, and how much of a vector it keeps.
 *
 * @param kind the way floats travel
 * @param fraction of the numbers that {@code top-k} sends, in (0, 1]; 1 for the other codecs, which
 *     send all
 */
public record CodecConfig(CodecKind kind, double fraction) implements Serializable {
  private static final String SEPARATOR = ":";

  /** Checks the fraction. */
  public CodecConfig {
    if (!(fraction > 0 && fraction <= 1)) {
      throw new IllegalArgumentException(
          "the fraction of codec %s is %s but must be > 0 and ≤ 1: 0.01 sends one number in a hundred"
              .formatted(kind.label(), fraction));
    }
    if (kind != CodecKind.TOP_K && fraction != 1) {
      throw new IllegalArgumentException(
          "codec %s has the fraction %s but sends all numbers; only top-k takes a fraction"
              .formatted(kind.label(), fraction));
    }
  }

  /** A codec that sends all numbers. */
  public static CodecConfig of(CodecKind kind) {
    return new CodecConfig(kind, 1);
  }

  /** The numbers of largest magnitude, this fraction of all. */
  public static CodecConfig topK(double fraction) {
    return new CodecConfig(CodecKind.TOP_K, fraction);
  }

  /**
   * Reads a name as it stands in a configuration.
   *
   * @param text {@code fp32}, {@code bf16}, {@code fp16}, {@code int8}, or {@code top-k:} and the
   *     fraction: {@code top-k:0.01}
   */
  public static CodecConfig parse(String text) {
    int at = text.indexOf(SEPARATOR);
    String name = at < 0 ? text : text.substring(0, at);
    for (CodecKind kind : CodecKind.values()) {
      if (!kind.label().equals(name)) {
        continue;
      }
      if (at < 0 && kind != CodecKind.TOP_K) {
        return of(kind);
      }
      try {
        return new CodecConfig(kind, Double.parseDouble(text.substring(at + 1)));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "codec is '%s' but the fraction after '%s:' must be a number: write top-k:0.01"
                .formatted(text, name),
            e);
      }
    }
    throw new IllegalArgumentException(
        "codec is '%s' but must be fp32, bf16, fp16, int8 or top-k with a fraction (top-k:0.01)"
            .formatted(text));
  }

  /** Whether what it leaves out of a gradient is added to the next: {@link ErrorFeedback}. */
  public boolean feedsErrorsBack() {
    return switch (kind) {
      case TOP_K, INT8 -> true;
      case FP32, BF16, FP16 -> false;
    };
  }

  /** A codec of its own, for one thread at a time. */
  public Codec create() {
    return Codec.create(kind, fraction);
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return kind == CodecKind.TOP_K ? kind.label() + SEPARATOR + fraction : kind.label();
  }
}
