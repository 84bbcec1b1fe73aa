package org.mobula.serve.model;

import java.lang.reflect.Array;
import java.util.List;

/** Types of tensor elements, named as the Open Inference Protocol names them. */
public enum Datatype {
  /** A byte, 0 or 1. */
  BOOL(1, byte.class),
  UINT8(1, byte.class),
  UINT16(2, short.class),
  UINT32(4, int.class),
  UINT64(8, long.class),
  INT8(1, byte.class),
  INT16(2, short.class),
  INT32(4, int.class),
  INT64(8, long.class),
  /** IEEE 754 half precision, as its bits. */
  FP16(2, short.class),
  /** The upper half of an {@link #FP32}, as its bits. */
  BF16(2, short.class),
  FP32(4, float.class),
  FP64(8, double.class),
  /** Strings of bytes, each as long as it is. */
  BYTES(0, byte[].class);

  /** All of them. */
  public static final List<Datatype> ALL = List.of(values());

  private final int size;
  private final Class<?> element;

  Datatype(int size, Class<?> element) {
    this.size = size;
    this.element = element;
  }

  /** Bytes of an element; 0 for {@link #BYTES}. */
  public int size() {
    return size;
  }

  /** Whether whole numbers have no sign. */
  public boolean isUnsigned() {
    return name().startsWith("U");
  }

  /**
   * An array for so many elements: {@code byte[]}, {@code short[]}, {@code int[]}, {@code long[]},
   * {@code float[]}, {@code double[]} or {@code byte[][]}; unsigned numbers and halves as bits.
   */
  public Object array(int length) {
    return Array.newInstance(element, length);
  }

  /** Whether an array is of the kind that {@link #array} makes. */
  boolean isArray(Object data) {
    return data.getClass().getComponentType() == element;
  }
}
