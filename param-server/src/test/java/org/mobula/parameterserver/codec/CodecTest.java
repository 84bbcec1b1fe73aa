package org.mobula.parameterserver.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;

class CodecTest {
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    Float.NaN,
    Float.intBitsToFloat(0xff80_0001), // a negative NaN, signalling
    Float.intBitsToFloat(0x7fff_ffff),
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    0x1.fffffcp-127f,
    65_504f,
    65_519.996f,
    65_520f,
    0x1p-24f,
    0x1p-25f,
    0x1.000002p-25f,
    0x1.8p-24f,
    0x1.01p0f,
    0x1.03p0f,
  };

  static Stream<CodecConfig> codecs() {
    return Stream.of("fp32", "bf16", "fp16", "int8", "top-k:0.01", "top-k:0.3", "top-k:1")
        .map(CodecConfig::parse);
  }

  static IntStream sizes() {
    return IntStream.of(
        0, 1, 2, 3, 5, 7, 255, 256, 257, 511, 1023, 1024, 2047, 2048, 2049, 4097, 9155, 16_384,
        16_387, 65_535, 65_536);
  }

  /** Every pattern of bits with the same chance: one in 256 is NaN or infinite. */
  private static float[] randomBits(Pcg64 random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = Float.intBitsToFloat((int) random.nextLong());
    }
    return values;
  }

  private static float[] gaussian(Pcg64 random, int size, double scale) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }

  private static float[] roundTrip(Codec codec, float[] values) {
    return roundTrip(codec, values, 0, values.length, true);
  }

  private static float[] roundTrip(
      Codec codec, float[] values, int offset, int count, boolean direct) {
    int capacity = codec.maxEncodedBytes(count) + 3;
    ByteBuffer buffer =
        direct ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
    // An odd place in the buffer: nothing may depend on alignment.
    codec.encode(values, offset, count, buffer.position(3));
    assertThat(buffer.position()).isLessThanOrEqualTo(capacity);
    buffer.flip().position(3);
    float[] decoded = new float[count + 2];
    Arrays.fill(decoded, 7);
    codec.decode(buffer, decoded, 1, count);
    assertThat(buffer.hasRemaining()).isFalse();
    assertThat(decoded[0]).isEqualTo(7);
    assertThat(decoded[count + 1]).isEqualTo(7);
    return Arrays.copyOfRange(decoded, 1, count + 1);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  // Of every codec.

  @ParameterizedTest
  @MethodSource("codecs")
  void whatIsDecodedIsDecodedAgainWithoutAnotherLoss(CodecConfig config) {
    Pcg64 random = new Pcg64(1);
    Codec codec = config.create();
    sizes()
        .forEach(
            size -> {
              float[] values =
                  size % 2 == 0 ? randomBits(random, size) : gaussian(random, size, 1e-3);
              float[] once = roundTrip(codec, values);
              assertThat(bits(roundTrip(codec, once))).isEqualTo(bits(once));
            });
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void aSliceInTheMiddleIsReadWithoutItsNeighbours(CodecConfig config) {
    Pcg64 random = new Pcg64(2);
    float[] values = gaussian(random, 5000, 1);
    Codec codec = config.create();
    float[] slice = Arrays.copyOfRange(values, 123, 123 + 4321);
    assertThat(bits(roundTrip(codec, values, 123, 4321, false)))
        .isEqualTo(bits(roundTrip(codec, slice)));
  }

  static Stream<Arguments> withTheVectorApiAndWithout() {
    return Stream.of(
        Arguments.of(new Bf16Codec(true), new Bf16Codec(false)),
        Arguments.of(new Int8Codec(true), new Int8Codec(false)));
  }

  @ParameterizedTest
  @MethodSource("withTheVectorApiAndWithout")
  void theVectorApiWritesAndReadsTheSameBits(Codec vectors, Codec loops) {
    Pcg64 random = new Pcg64(12);
    sizes()
        .forEach(
            size -> {
              float[] some = size % 2 == 0 ? randomBits(random, size) : gaussian(random, size, 3);
              for (int i = 0; i < Math.min(size, SPECIAL.length); i++) {
                some[size - 1 - i] = SPECIAL[i];
              }
              float[] zeros = new float[size];
              for (float[] values : List.of(some, gaussian(random, size, 1e-30), zeros)) {
                ByteBuffer byVectors = ByteBuffer.allocate(vectors.maxEncodedBytes(size));
                ByteBuffer byLoops = ByteBuffer.allocate(loops.maxEncodedBytes(size));
                vectors.encode(values, 0, size, byVectors);
                loops.encode(values, 0, size, byLoops);
                assertThat(byVectors.array()).isEqualTo(byLoops.array());
                float[] readByVectors = new float[size];
                float[] readByLoops = new float[size];
                vectors.decode(byVectors.flip(), readByVectors, 0, size);
                loops.decode(byLoops.flip(), readByLoops, 0, size);
                assertThat(bits(readByVectors)).isEqualTo(bits(readByLoops));
              }
            });
  }

  @ParameterizedTest
  @MethodSource("withTheVectorApiAndWithout")
  void theVectorApiLosesAndRemembersTheSame(Codec vectors, Codec loops) {
    Pcg64 random = new Pcg64(13);
    int size = 20_000;
    float[] lostByVectors = gaussian(random, size, 1e-3);
    float[] lostByLoops = lostByVectors.clone();
    for (int step = 0; step < 5; step++) {
      float[] byVectors = step == 3 ? randomBits(random, size) : gaussian(random, size, 1);
      float[] byLoops = byVectors.clone();
      vectors.carry(byVectors, lostByVectors, 100, size - 200);
      loops.carry(byLoops, lostByLoops, 100, size - 200);
      assertThat(bits(byVectors)).isEqualTo(bits(byLoops));
      assertThat(bits(lostByVectors)).isEqualTo(bits(lostByLoops));
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void nonFiniteNumbersArriveAtTheirPlaces(CodecConfig config) {
    float[] values = new float[1000];
    Arrays.fill(values, 0.5f);
    values[3] = Float.NaN;
    values[500] = Float.POSITIVE_INFINITY;
    values[999] = Float.NEGATIVE_INFINITY;
    float[] decoded = roundTrip(config.create(), values);
    assertThat(decoded[3]).isNaN();
    assertThat(decoded[500]).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(decoded[999]).isEqualTo(Float.NEGATIVE_INFINITY);
    int finite = 0;
    for (float value : decoded) {
      finite += Float.isFinite(value) ? 1 : 0;
    }
    assertThat(finite).isEqualTo(997);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void randomBytesAreRefusedOrReadButDoNoHarm(CodecConfig config) {
    Pcg64 random = new Pcg64(3);
    Codec codec = config.create();
    float[] values = new float[3000];
    int refused = 0;
    for (int trial = 0; trial < 20_000; trial++) {
      int count = random.nextInt(600);
      byte[] bytes = new byte[codec.maxEncodedBytes(count)];
      ByteBuffer payload = ByteBuffer.wrap(bytes);
      codec.encode(gaussian(random, count, 1), 0, count, payload);
      for (int i = random.nextInt(5); i > 0 && bytes.length > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      int size = random.nextInt(3) == 0 ? random.nextInt(bytes.length + 1) : payload.position();
      try {
        codec.decode(ByteBuffer.wrap(bytes, 0, size), values, 1000, count);
      } catch (MalformedPayloadException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
    assertThat(Arrays.copyOf(values, 1000)).containsOnly(0);
    assertThat(Arrays.copyOfRange(values, 2000, 3000)).containsOnly(0);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void aPayloadOfTheWrongLengthIsRefused(CodecConfig config) {
    Codec codec = config.create();
    ByteBuffer payload = ByteBuffer.allocate(codec.maxEncodedBytes(10) + 1);
    codec.encode(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0, 10, payload);
    int end = payload.position();
    for (int wrong : new int[] {0, end - 1, end + 1}) {
      assertThatThrownBy(
              () ->
                  codec.decode(payload.duplicate().position(0).limit(wrong), new float[10], 0, 10))
          .isInstanceOf(MalformedPayloadException.class)
          .hasMessageMatching(".* there are (only )?\\d+( bytes)?");
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void whatDoesNotFitIsTheCallersMistake(CodecConfig config) {
    Codec codec = config.create();
    ByteBuffer buffer = ByteBuffer.allocate(8 * Codec.SEGMENT);
    assertThatThrownBy(() -> codec.encode(new float[70_000], 0, 65_537, buffer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("count is 65537 but must be from 0 to 65536; cut a longer vector there");
    assertThatThrownBy(() -> codec.encode(new float[10], 8, 3, buffer))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessage("numbers [8, 11) are asked for but the array has 10");
    assertThatThrownBy(() -> codec.encode(new float[10], 0, 10, ByteBuffer.allocate(3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the buffer has 3 bytes left but 10 numbers may take ");
  }

  // fp32

  @Test
  void fp32KeepsEveryBit() {
    Codec codec = CodecConfig.of(CodecKind.FP32).create();
    sizes()
        .forEach(
            size -> {
              float[] values = randomBits(new Pcg64(size), size);
              assertThat(bits(roundTrip(codec, values))).isEqualTo(bits(values));
            });
    assertThat(bits(roundTrip(codec, SPECIAL))).isEqualTo(bits(SPECIAL));
  }

  // bf16

  /** The two neighbours in bf16 by their distance in double. */
  private static int nearestBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (bits | 0x40_0000) & 0xffff_0000;
    }
    int below = bits & 0xffff_0000; // towards zero
    if (below == bits) {
      return bits;
    }
    int above = below + 0x1_0000;
    // Rounding goes as if infinity were the next number after the largest.
    double high =
        (above & 0x7f80_0000) == 0x7f80_0000
            ? Math.copySign(0x1p128, value)
            : Float.intBitsToFloat(above);
    double toBelow = Math.abs((double) value - Float.intBitsToFloat(below));
    double toAbove = Math.abs(high - value);
    if (toBelow != toAbove) {
      return toBelow < toAbove ? below : above;
    }
    return (below >>> 16 & 1) == 0 ? below : above;
  }

  @Test
  void bf16RoundsToTheNearestAndTiesToEven() {
    Codec codec = CodecConfig.of(CodecKind.BF16).create();
    Pcg64 random = new Pcg64(4);
    sizes()
        .forEach(
            size -> {
              float[] values = randomBits(random, size);
              for (int i = 0; i < size; i += 3) { // ties, and what lies beside them
                int bits = (Float.floatToRawIntBits(values[i]) & 0xffff_0000) | 0x8000;
                values[i] = Float.intBitsToFloat(bits + random.nextInt(3) - 1);
              }
              System.arraycopy(SPECIAL, 0, values, 0, Math.min(size, SPECIAL.length));
              int[] expected = new int[size];
              for (int i = 0; i < size; i++) {
                expected[i] = nearestBf16(values[i]);
              }
              assertThat(bits(roundTrip(codec, values))).isEqualTo(expected);
            });
  }

  @Test
  void bf16KeepsEveryNumberOfItsOwn() {
    float[] all = new float[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = Float.intBitsToFloat(i << 16);
    }
    int[] expected = bits(all);
    for (int i = 0; i < expected.length; i++) {
      expected[i] |= Float.isNaN(all[i]) ? 0x40_0000 : 0;
    }
    assertThat(bits(roundTrip(CodecConfig.of(CodecKind.BF16).create(), all))).isEqualTo(expected);
  }

  // fp16

  private static double halfValue(int half) {
    int exponent = half >>> 10 & 31;
    int fraction = half & 0x3ff;
    double magnitude =
        exponent == 0
            ? fraction * 0x1p-24
            : (1 + fraction * 0x1p-10) * Math.pow(2, exponent - 15); // 31 as if it went on
    return (half & 0x8000) == 0 ? magnitude : -magnitude;
  }

  @Test
  void allHalvesHaveTheirValuesAndComeBack() {
    for (int half = 0; half < 1 << 16; half++) {
      float value = Fp16Codec.toFloat((short) half);
      short back = Fp16Codec.toHalf(value);
      if ((half & 0x7c00) != 0x7c00) {
        assertThat((double) value).isEqualTo(halfValue(half));
        assertThat(back).isEqualTo((short) half);
      } else if ((half & 0x3ff) == 0) {
        assertThat(value)
            .isEqualTo(half == 0x7c00 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY);
        assertThat(back).isEqualTo((short) half);
      } else {
        assertThat(value).isNaN();
        assertThat(back).isEqualTo((short) (half | 0x200));
      }
    }
  }

  /** Between each half and the next: the middle, and the floats on both sides of it. */
  @Test
  void floatsGoToTheNearestHalfAndTiesToEven() {
    for (int half = 0; half < 0x7c00; half++) {
      // Halves have 11 bits and floats 24: the middle is a float, 65,520 the last.
      float middle = (float) ((halfValue(half) + halfValue(half + 1)) / 2);
      int even = half % 2 == 0 ? half : half + 1;
      for (int sign : new int[] {0, 0x8000}) {
        float signed = sign == 0 ? middle : -middle;
        assertThat(Fp16Codec.toHalf(signed)).isEqualTo((short) (even | sign));
        assertThat(Fp16Codec.toHalf(Float.intBitsToFloat(Float.floatToRawIntBits(signed) - 1)))
            .isEqualTo((short) (half | sign));
        assertThat(Fp16Codec.toHalf(Float.intBitsToFloat(Float.floatToRawIntBits(signed) + 1)))
            .isEqualTo((short) (half + 1 | sign));
      }
    }
    assertThat(Fp16Codec.toHalf(Float.MIN_VALUE)).isZero();
    assertThat(Fp16Codec.toHalf(-Float.MAX_VALUE)).isEqualTo((short) 0xfc00);
    assertThat(Fp16Codec.toFloat(Fp16Codec.toHalf(Float.intBitsToFloat(0x7f80_0001)))).isNaN();
  }

  // int8

  @ParameterizedTest
  @ValueSource(doubles = {1e-40, 1e-29, 1e-5, 1, 1e20, 1e37})
  void int8ErrsByHalfAScaleAtMost(double size) {
    Codec codec = CodecConfig.of(CodecKind.INT8).create();
    Pcg64 random = new Pcg64(5);
    for (int trial = 0; trial < 50; trial++) {
      float[] values = gaussian(random, 1 + random.nextInt(3000), size);
      float[] decoded = roundTrip(codec, values);
      for (int from = 0; from < values.length; from += 256) {
        double largest = 0;
        for (int i = from; i < Math.min(values.length, from + 256); i++) {
          largest = Math.max(largest, Math.abs((double) values[i]));
        }
        double bound = largest < 0x1p-100 ? largest : largest / 254 * (1 + 0x1p-15);
        double worst = 0;
        for (int i = from; i < Math.min(values.length, from + 256); i++) {
          worst = Math.max(worst, Math.abs((double) values[i] - decoded[i]));
        }
        assertThat(worst).isLessThanOrEqualTo(bound);
      }
    }
  }

  @Test
  void int8KeepsTheLargestFloatFinite() {
    float[] values = {Float.MAX_VALUE, -Float.MAX_VALUE, Math.nextDown(Float.MAX_VALUE), 1};
    float[] decoded = roundTrip(CodecConfig.of(CodecKind.INT8).create(), values);
    assertThat(decoded[0] / Float.MAX_VALUE).isBetween(0.9999f, 1f);
    assertThat(decoded[1]).isEqualTo(-decoded[0]);
    assertThat(decoded[3]).isZero();
  }

  @Test
  void int8RefusesScalesAndCodesThatNoEncoderWrites() {
    assertThat(int8Fault(Float.POSITIVE_INFINITY, 1)).endsWith("the scale of block 0 is Infinity");
    assertThat(int8Fault(-1, 1)).endsWith("the scale of block 0 is -1.0");
    assertThat(int8Fault(-0f, 1)).endsWith("the scale of block 0 is -0.0");
    assertThat(int8Fault(Float.MIN_VALUE, 1)).endsWith("the scale of block 0 is 1.4E-45");
    // 24 significant bits
    assertThat(int8Fault(0.1f, 1)).endsWith("the scale of block 0 is 0.1");
    assertThat(int8Fault(Float.NaN, 0)).endsWith("a block of finite numbers has no scale");
    assertThat(int8Fault(Float.NaN, 4)).endsWith("code 4 stands in a block without scale");
    assertThat(int8Fault(1, -128)).endsWith("code -128 is not in use");
  }

  private static String int8Fault(float scale, int code) {
    ByteBuffer payload = ByteBuffer.allocate(5).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    payload.putFloat(scale).put((byte) code).flip();
    return fault(CodecKind.INT8, payload, 1);
  }

  private static String fault(CodecKind kind, ByteBuffer payload, int count) {
    MalformedPayloadException refused =
        catchThrowableOfType(
            MalformedPayloadException.class,
            () -> Codec.reading(kind).decode(payload, new float[count], 0, count));
    return String.valueOf(refused.getMessage());
  }

  // top-k

  @Test
  void topKKeepsTheLargestAndOfEqualsTheFirst() {
    float[] values = {1, -3, 2, 3, -2, 3, 0, 2, 2, -3};
    assertThat(roundTrip(CodecConfig.topK(0.3).create(), values))
        .containsExactly(0, -3, 0, 3, 0, 3, 0, 0, 0, 0);
    assertThat(roundTrip(CodecConfig.topK(0.6).create(), values))
        .containsExactly(0, -3, 2, 3, -2, 3, 0, 0, 0, -3);
  }

  @ParameterizedTest
  @CsvSource({"0.001, 1000", "0.01, 65536", "0.25, 4097", "0.5, 3", "1, 777"})
  void topKSendsTheSameAsSorting(double fraction, int size) {
    Pcg64 random = new Pcg64(6);
    float[] values = gaussian(random, size, 1);
    for (int i = 0; i < size; i += 5) {
      values[i] = Math.round(values[i]); // many equal ones
    }
    Integer[] order = new Integer[size];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Float.compare(Math.abs(values[b]), Math.abs(values[a])));
    float[] expected = new float[size];
    for (int i = 0; i < Math.ceil(fraction * size); i++) {
      expected[order[i]] = values[order[i]] + 0f; // zeros lose their sign
    }
    assertThat(roundTrip(CodecConfig.topK(fraction).create(), values)).isEqualTo(expected);
  }

  @Test
  void topKRefusesEntriesThatCannotBe() {
    assertThat(topKFault(5, -1)).endsWith("it has -1 entries of 5 numbers");
    assertThat(topKFault(5, 6)).endsWith("it has 6 entries of 5 numbers");
    assertThat(topKFault(5, 2, 0, 5)).endsWith("index 5 follows 0 in 5 numbers");
    assertThat(topKFault(5, 2, 3, 3)).endsWith("index 3 follows 3 in 5 numbers");
    assertThat(topKFault(5, 2, 3, 1)).endsWith("index 1 follows 3 in 5 numbers");
    assertThat(topKFault(5, 2, 3)).endsWith("2 numbers take 12 bytes but there are 6");
  }

  private static String topKFault(int count, int entries, int... indexes) {
    ByteBuffer payload =
        ByteBuffer.allocate(4 + 6 * indexes.length).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    payload.putInt(entries);
    for (int index : indexes) {
      payload.putShort((short) index);
    }
    payload.clear();
    return fault(CodecKind.TOP_K, payload, count);
  }

  // Error feedback.

  @ParameterizedTest
  @MethodSource("codecs")
  void whatIsLostIsMadeUpFor(CodecConfig config) {
    Pcg64 random = new Pcg64(7);
    int size = 70_000; // two segments
    ErrorFeedback feedback = new ErrorFeedback(config, size);
    double[] given = new double[size];
    double[] sent = new double[size];
    float[] gradient = new float[0];
    for (int step = 0; step < 30; step++) {
      gradient = gaussian(random, size, 1);
      for (int i = 0; i < size; i++) {
        given[i] += gradient[i];
      }
      feedback.apply(gradient, 0, size);
      for (int i = 0; i < size; i++) {
        sent[i] += gradient[i];
      }
    }
    float[] residual = feedback.residual();
    double worst = 0;
    for (int i = 0; i < size; i++) {
      worst = Math.max(worst, Math.abs(given[i] - sent[i] - residual[i]));
    }
    assertThat(worst).isLessThan(1e-4);
    // What is left in the array travels without loss, segment by segment.
    Codec codec = config.create();
    assertThat(roundTrip(codec, gradient, 0, Codec.SEGMENT, true))
        .isEqualTo(Arrays.copyOf(gradient, Codec.SEGMENT));
  }

  @Test
  void errorFeedbackForgetsWhatIsNotFinite() {
    ErrorFeedback feedback = new ErrorFeedback(CodecConfig.topK(0.5), 4);
    float[] gradient = {Float.NaN, Float.POSITIVE_INFINITY, Float.NaN, 1};
    feedback.apply(gradient, 0, 4);
    assertThat(gradient).containsExactly(Float.NaN, 0, Float.NaN, 0);
    assertThat(feedback.residual()).containsExactly(0, 0, 0, 1);
  }

  // Configuration.

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16", "fp16", "int8", "top-k:0.01"})
  void aConfigurationIsWrittenAsItIsRead(String text) {
    assertThat(CodecConfig.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "fp8 | codec is 'fp8' but must be fp32, bf16, fp16, int8 or top-k with a fraction",
        "top-k | codec is 'top-k' but the fraction after 'top-k:' must be a number",
        "top-k:x | codec is 'top-k:x' but the fraction after 'top-k:' must be a number",
        "top-k:0 | the fraction of codec top-k is 0.0 but must be > 0 and ≤ 1",
        "fp32:0.5 | codec fp32 has the fraction 0.5 but sends all numbers",
      })
  void aMistakeIsExplained(String text, String message) {
    assertThatThrownBy(() -> CodecConfig.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void kindsHaveTheirBytes() {
    for (CodecKind kind : CodecKind.values()) {
      assertThat(CodecKind.of(kind.id())).contains(kind);
    }
    assertThat(CodecKind.of(9)).isEmpty();
  }
}
