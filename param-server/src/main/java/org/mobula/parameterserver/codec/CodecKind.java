package org.mobula.parameterserver.codec;

import java.util.Optional;

/** The ways in which floats travel. */
public enum CodecKind {
  /** Four bytes each, bit for bit. */
  FP32(0, "fp32"),
  /** Two bytes each: the upper half of the float, rounded to the nearest, ties to even. */
  BF16(1, "bf16"),
  /** Two bytes each: IEEE 754 binary16, rounded to the nearest, ties to even. */
  FP16(2, "fp16"),
  /** One byte each, and a scale for every 256. */
  INT8(3, "int8"),
  /** Six bytes for each of the largest numbers; the others read zero. */
  TOP_K(4, "top-k");

  private final int id;
  private final String label;

  CodecKind(int id, String label) {
    this.id = id;
    this.label = label;
  }

  /** The byte that stands for it on the wire. */
  public int id() {
    return id;
  }

  /** Its name in a configuration: {@code top-k}. */
  public String label() {
    return label;
  }

  /** The one with this byte; empty if there is none. */
  public static Optional<CodecKind> of(int id) {
    for (CodecKind kind : values()) {
      if (kind.id == id) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
