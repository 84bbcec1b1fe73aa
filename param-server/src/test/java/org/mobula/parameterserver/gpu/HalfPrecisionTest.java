package org.mobula.parameterserver.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.random.Pcg64;

class HalfPrecisionTest {
  @ParameterizedTest
  @CsvSource({
    "FP16, 0x1p0, 3c00",
    "FP16, -0x1p1, c000",
    "FP16, 65504, 7bff",
    "FP16, 65519.996, 7bff",
    "FP16, 65520, 7c00",
    "FP16, -Infinity, fc00",
    "FP16, NaN, 7e00",
    "FP16, -0.0, 8000",
    "FP16, 0x1p-14, 0400",
    "FP16, 0x1.ff8p-15, 03ff",
    "FP16, 0x1p-24, 0001",
    "FP16, 0x1p-25, 0000",
    "FP16, 0x1.000002p-25, 0001",
    "FP16, 0.333251953125, 3555",
    "BF16, 1, 3f80",
    "BF16, 3.140625, 4049",
    "BF16, 0x1.01p0, 3f80",
    "BF16, 0x1.03p0, 3f82",
    "BF16, 3.4028235e38, 7f80",
    "BF16, -Infinity, ff80",
    "BF16, NaN, 7fc0",
    "BF16, 1.4e-45, 0000",
    "BF16, 0x1p-133, 0001",
  })
  void knownNumbers(HalfPrecision format, String number, String bits) {
    assertThat(String.format(Locale.ROOT, "%04x", format.encode(Float.parseFloat(number))))
        .isEqualTo(bits);
  }

  @ParameterizedTest
  @EnumSource(HalfPrecision.class)
  void halfWayBetweenNeighboursTheEvenOneIsTaken(HalfPrecision format) {
    short infinity = format.encode(Float.POSITIVE_INFINITY);
    for (int bits = 0; bits + 1 < infinity; bits++) {
      double low = format.decode((short) bits);
      double high = format.decode((short) (bits + 1));
      float middle = (float) ((low + high) / 2);
      assertThat(high).isGreaterThan(low);
      int even = bits + (bits & 1);
      assertThat(format.encode(middle)).isEqualTo((short) even);
      assertThat(format.encode(-middle)).isEqualTo((short) (even | 0x8000));
      assertThat(format.encode(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(format.encode(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
    }
  }

  /** The other way to round: in double, to a multiple of the distance between neighbours. */
  @Test
  void fp16HasTheBitsOfAnotherDerivation() {
    Pcg64 random = new Pcg64(1);
    for (int i = 0; i < 200_000; i++) {
      float number = Float.intBitsToFloat((int) random.nextLong());
      if (!Float.isNaN(number)) {
        assertThat(HalfPrecision.FP16.encode(number))
            .isEqualTo((short) PtxInterpreter.half(number));
      }
    }
  }
}
