package org.mobula.core.stablebaselines;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;

/** What a number of an array is. */
enum NumberKind {
  HALF(2, "f2"),
  FLOAT(4, "f4"),
  DOUBLE(8, "f8"),
  BOOL(1, "b1"),
  BYTE(1, "u1"),
  SHORT_UNSIGNED(2, "u2"),
  INT_UNSIGNED(4, "u4"),
  CHAR(1, "i1"),
  SHORT(2, "i2"),
  INT(4, "i4"),
  LONG(8, "i8");

  /** The classes of PyTorch's storages. */
  private static final Map<String, NumberKind> STORAGES =
      Map.of(
          "torch.HalfStorage", HALF,
          "torch.FloatStorage", FLOAT,
          "torch.DoubleStorage", DOUBLE,
          "torch.BoolStorage", BOOL,
          "torch.ByteStorage", BYTE,
          "torch.CharStorage", CHAR,
          "torch.ShortStorage", SHORT,
          "torch.IntStorage", INT,
          "torch.LongStorage", LONG);

  private final int width;
  private final String code;

  NumberKind(int width, String code) {
    this.width = width;
    this.code = code;
  }

  /** Bytes of a number. */
  int width() {
    return width;
  }

  /** NumPy's name. */
  String code() {
    return code;
  }

  /** By the name of a storage's class. */
  static Optional<NumberKind> ofStorage(String name) {
    return Optional.ofNullable(STORAGES.get(name));
  }

  /** By NumPy's name. */
  static Optional<NumberKind> ofCode(String code) {
    for (NumberKind kind : values()) {
      if (kind.code.equals(code)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  /** The number at some byte. */
  double at(ByteBuffer bytes, int offset) {
    return switch (this) {
      case HALF -> half(bytes.getShort(offset));
      case FLOAT -> bytes.getFloat(offset);
      case DOUBLE -> bytes.getDouble(offset);
      case BOOL -> bytes.get(offset) == 0 ? 0 : 1;
      case BYTE -> Byte.toUnsignedInt(bytes.get(offset));
      case SHORT_UNSIGNED -> Short.toUnsignedInt(bytes.getShort(offset));
      case INT_UNSIGNED -> Integer.toUnsignedLong(bytes.getInt(offset));
      case CHAR -> bytes.get(offset);
      case SHORT -> bytes.getShort(offset);
      case INT -> bytes.getInt(offset);
      case LONG -> bytes.getLong(offset);
    };
  }

  /** IEEE 754's number of 16 bits. */
  private static double half(short bits) {
    int exponent = (bits >> 10) & 0x1f;
    int fraction = bits & 0x3ff;
    double size;
    if (exponent == 0) {
      size = Math.scalb((double) fraction, -24);
    } else if (exponent == 0x1f) {
      size = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
    } else {
      size = Math.scalb((double) (fraction + 0x400), exponent - 25);
    }
    return bits < 0 ? -size : size;
  }
}
