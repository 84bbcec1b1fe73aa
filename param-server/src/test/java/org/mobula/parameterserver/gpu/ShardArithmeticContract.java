package org.mobula.parameterserver.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.GradientClipping;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.random.Pcg64;
import org.mobula.parameterserver.gpu.ShardArithmetic.Vector;

/** What every arithmetic promises: the bits of plain loops and of the core's optimizer. */
abstract class ShardArithmeticContract {
  private static final float[] ODD_NUMBERS = {
    0f,
    -0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    0x1p-130f,
    -0x1.8p-140f,
    1f,
    -1f,
    0x1p-24f,
    0x1p-25f,
    65504f,
    65519.996f,
    65520f,
    1e-20f,
    3e38f
  };

  private static final Map<String, OptimizerConfig> OPTIMIZERS = new LinkedHashMap<>();

  static {
    Map<String, Group> none = Map.of();
    Map<String, Group> late = Map.of("late", new Group(0.5, 0.02));
    OPTIMIZERS.put("sgd", Sgd.defaults());
    OPTIMIZERS.put("sgd-weight-decay", new Sgd(0, 0, false, 0.1, late));
    OPTIMIZERS.put("sgd-momentum", new Sgd(0.9, 0.3, false, 0.01, late));
    OPTIMIZERS.put("sgd-nesterov", new Sgd(0.9, 0, true, 0.01, none));
    OPTIMIZERS.put("rmsprop", RmsProp.defaults());
    OPTIMIZERS.put("rmsprop-momentum", new RmsProp(0.95, 1e-5, 0.9, false, 0.1, late));
    OPTIMIZERS.put("rmsprop-centered", new RmsProp(0.9, 1e-2, 0, true, 0.01, none));
    OPTIMIZERS.put("rmsprop-centered-momentum", new RmsProp(0.9, 1e-2, 0.5, true, 0, late));
    OPTIMIZERS.put("adam", Adam.defaults());
    OPTIMIZERS.put("adam-amsgrad", new Adam(0.9, 0.9, 1e-5, 0.1, true, late));
    OPTIMIZERS.put("adamw", AdamW.defaults());
    OPTIMIZERS.put("adamw-amsgrad", new AdamW(0.9, 0.9, 1e-8, 0.1, true, late));
  }

  protected ShardArithmetic arithmetic;

  /** A fresh one. */
  protected abstract ShardArithmetic create();

  @BeforeEach
  void createArithmetic() {
    arithmetic = create();
  }

  @AfterEach
  void closeArithmetic() {
    arithmetic.close();
  }

  static Iterable<String> optimizers() {
    return OPTIMIZERS.keySet();
  }

  static Iterable<Integer> sizes() {
    return List.of(0, 1, 2, 3, 4, 5, 7, 8, 31, 1023, 4096, 4097, 4103, 9001);
  }

  // ---- vectors

  @ParameterizedTest
  @MethodSource("sizes")
  void aVectorHoldsWhatIsWritten(int size) {
    float[] numbers = numbers(size, 1);
    try (Vector vector = arithmetic.vector(size);
        Vector other = arithmetic.vector(size)) {
      assertThat(vector.size()).isEqualTo(size);
      assertBits(vector, new float[size]);
      vector.write(0, FloatBuffer.wrap(numbers));
      assertBits(vector, numbers);
      arithmetic.copy(vector, other);
      vector.clear();
      assertBits(vector, new float[size]);
      assertBits(other, numbers);
    }
  }

  @Test
  void aPartOfAVectorIsWrittenAndRead() {
    float[] numbers = numbers(700, 2);
    try (Vector vector = arithmetic.vector(1000)) {
      FloatBuffer source = FloatBuffer.wrap(numbers, 3, 601);
      vector.write(5, source);
      assertThat(source.position()).isEqualTo(3);
      FloatBuffer destination = FloatBuffer.allocate(610).position(2).limit(607);
      vector.read(3, destination);
      assertThat(destination.position()).isEqualTo(2);
      float[] expected = new float[610];
      System.arraycopy(numbers, 3, expected, 4, 601);
      assertSameBits(destination.array(), expected);
    }
  }

  @Test
  void buffersOutsideOfTheHeapAndOfAnotherByteOrderAreFine() {
    float[] numbers = numbers(777, 3);
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * 777).order(ByteOrder.BIG_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    try (Vector vector = arithmetic.vector(777)) {
      vector.write(0, bytes.asFloatBuffer());
      assertBits(vector, numbers);
      FloatBuffer destination = ByteBuffer.allocateDirect(4 * 777).asFloatBuffer();
      vector.read(0, destination);
      assertThat(destination).isEqualTo(bytes.asFloatBuffer());
    }
  }

  @Test
  void aLentVectorIsReadOnly() {
    float[] numbers = numbers(20, 4);
    try (Vector lent = arithmetic.lend(numbers, 3, 14);
        Vector sum = arithmetic.vector(11)) {
      assertBits(lent, Arrays.copyOfRange(numbers, 3, 14));
      arithmetic.copy(lent, sum);
      assertBits(sum, Arrays.copyOfRange(numbers, 3, 14));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> arithmetic.copy(sum, lent))
          .withMessage(
              "the vector is lent, so it can only be read: copy it into a vector of your own");
      assertThatIllegalArgumentException().isThrownBy(lent::clear);
      assertThatIllegalArgumentException().isThrownBy(() -> arithmetic.scale(lent, 0.5));
      assertThatIllegalArgumentException().isThrownBy(() -> lent.write(0, FloatBuffer.allocate(1)));
    }
  }

  // ---- aggregation

  @ParameterizedTest
  @MethodSource("sizes")
  void aSumIsAddedInTheOrderOfTheGradients(int size) {
    for (int count : new int[] {1, 2, 3, 4, 5, 8, 9}) {
      float[][] gradients = new float[count][];
      for (int k = 0; k < count; k++) {
        gradients[k] = k % 2 == 0 ? numbers(size, k) : gaussians(size, k);
      }
      float[] sum = new float[size];
      float[] mean = new float[size];
      for (int i = 0; i < size; i++) {
        float number = gradients[0][i];
        for (int k = 1; k < count; k++) {
          number += gradients[k][i];
        }
        sum[i] = number;
        mean[i] = number * (float) (1.0 / count);
      }
      List<Vector> vectors = new ArrayList<>();
      for (float[] gradient : gradients) {
        vectors.add(vector(gradient));
      }
      try (Vector destination = vector(numbers(size, 99))) {
        arithmetic.sum(vectors, destination);
        assertBits(destination, sum);
        arithmetic.mean(vectors, destination);
        assertBits(destination, mean);
        for (int k = 0; k < count; k++) {
          assertBits(vectors.get(k), gradients[k]);
        }
        // The destination may be any of them, even twice.
        arithmetic.sum(vectors, vectors.get(count - 1));
        assertBits(vectors.get(count - 1), sum);
        arithmetic.sum(List.of(destination, destination), destination);
        for (int i = 0; i < size; i++) {
          mean[i] += mean[i];
        }
        assertBits(destination, mean);
      }
      vectors.forEach(Vector::close);
    }
  }

  @Test
  void lentPartsOfArraysAreAddedWithoutBeingChanged() {
    float[] first = numbers(5000, 5);
    float[] second = gaussians(5000, 6);
    float[] sum = new float[4500];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (first[i + 7] + second[i + 101]) + first[i + 400];
    }
    float[] before = first.clone();
    try (Vector a = arithmetic.lend(first, 7, 4507);
        Vector b = arithmetic.lend(second, 101, 4601);
        Vector c = arithmetic.lend(first, 400, 4900);
        Vector destination = arithmetic.vector(4500)) {
      arithmetic.sum(List.of(a, b, c), destination);
      assertBits(destination, sum);
    }
    assertSameBits(first, before);
  }

  @Test
  void lentPartsThatStartAtTheSamePlaceAreAddedInOrder() {
    float[] sum = new float[4500];
    List<Vector> lent = new ArrayList<>();
    for (int k = 0; k < 9; k++) {
      float[] gradient = gaussians(5000, 50 + k);
      lent.add(arithmetic.lend(gradient, 7, 4507));
      for (int i = 0; i < sum.length; i++) {
        sum[i] = k == 0 ? gradient[7 + i] : sum[i] + gradient[7 + i];
      }
    }
    try (Vector destination = arithmetic.vector(4500)) {
      arithmetic.sum(lent, destination);
      assertBits(destination, sum);
    }
    lent.forEach(Vector::close);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void scalingHasTheBitsOfGradientClipping(int size) {
    for (double coefficient : new double[] {1, 0.3, 1 - 1e-12, 1e-30}) {
      float[] numbers = numbers(size, 7);
      try (Vector vector = vector(numbers)) {
        GradientClipping.scale(numbers, coefficient);
        arithmetic.scale(vector, coefficient);
        assertBits(vector, numbers);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void sumsOfSquaresHaveTheBitsOfBlockNorm(int size) {
    for (float[] numbers : List.of(gaussians(size, 8), numbers(size, 8))) {
      double[] expected = new double[BlockNorm.blocks(size)];
      for (int block = 0; block < expected.length; block++) {
        expected[block] =
            BlockNorm.sumOfSquares(
                numbers, block * BlockNorm.BLOCK, Math.min(size, (block + 1) * BlockNorm.BLOCK));
      }
      double[] sums = new double[expected.length];
      try (Vector vector = vector(numbers)) {
        arithmetic.sumsOfSquares(vector, sums);
        assertThat(sums).isEqualTo(expected); // compares as Double.equals does
      }
      float[] shifted = new float[size + 3];
      System.arraycopy(numbers, 0, shifted, 3, size);
      try (Vector lent = arithmetic.lend(shifted, 3, size + 3)) {
        arithmetic.sumsOfSquares(lent, sums);
        assertThat(sums).isEqualTo(expected);
      }
    }
  }

  // ---- numbers of fewer bits

  @ParameterizedTest
  @EnumSource(HalfPrecision.class)
  void numbersOf16BitsAreRoundedAndWidened(HalfPrecision format) {
    for (int size : sizes()) {
      float[] numbers = numbers(size, 9);
      short[] expected = new short[size];
      float[] wide = new float[size];
      for (int i = 0; i < size; i++) {
        expected[i] = format.encode(numbers[i]);
        wide[i] = format.decode(expected[i]);
      }
      try (Vector vector = vector(numbers)) {
        ShortBuffer encoded = ShortBuffer.allocate(size + 2).position(1).limit(size + 1);
        arithmetic.encode(format, vector, encoded);
        assertThat(encoded).isEqualTo(ShortBuffer.wrap(expected));
        arithmetic.decode(format, encoded, vector);
        assertBits(vector, wide);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(HalfPrecision.class)
  void everyNumberOf16BitsSurvivesTheWay(HalfPrecision format) {
    short[] all = new short[1 << 16];
    short[] back = new short[1 << 16];
    float[] wide = new float[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = (short) i;
      wide[i] = format.decode(all[i]);
      back[i] = Float.isNaN(wide[i]) ? format.encode(Float.NaN) : all[i];
    }
    try (Vector vector = arithmetic.vector(all.length)) {
      arithmetic.decode(format, ShortBuffer.wrap(all), vector);
      assertBits(vector, wide);
      ShortBuffer encoded = ShortBuffer.allocate(all.length);
      arithmetic.encode(format, vector, encoded);
      assertThat(encoded).isEqualTo(ShortBuffer.wrap(back));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 64, 4096})
  void numbersOf8BitsAreScaledAndAdded(int blockSize) {
    for (int size : sizes()) {
      byte[] values = new byte[size + 5];
      for (int i = 0; i < values.length; i++) {
        values[i] = (byte) (37 * i + 11);
      }
      float[] scales = numbers((size + blockSize - 1) / blockSize, 10);
      float[] sum = gaussians(size, 11);
      try (Vector vector = vector(sum)) {
        for (int i = 0; i < size; i++) {
          sum[i] = sum[i] + scales[i / blockSize] * values[i + 5];
        }
        arithmetic.addInt8(
            ByteBuffer.wrap(values).position(5), FloatBuffer.wrap(scales), blockSize, vector);
        assertBits(vector, sum);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 700, 1500})
  void aFewNumbersAreAddedAtTheirPlaces(int count) {
    float[] sum = gaussians(9001, 12);
    float[] values = numbers(count, 13);
    int[] indices = new int[count];
    for (int j = 0; j < count; j++) {
      indices[j] = count == 2 ? 9000 * j : 6 * j + j % 5;
    }
    try (Vector vector = vector(sum)) {
      for (int j = 0; j < count; j++) {
        sum[indices[j]] += values[j];
      }
      arithmetic.scatterAdd(IntBuffer.wrap(indices), FloatBuffer.wrap(values), vector);
      assertBits(vector, sum);
    }
  }

  // ---- optimizers

  @ParameterizedTest
  @MethodSource("optimizers")
  void stepsHaveTheBitsOfTheCoresOptimizer(String name) {
    // Groups begin off the boundaries of 16 bytes, and some are shorter than four numbers.
    ParameterLayout layout =
        new ParameterLayout.Builder()
            .add("a", 37)
            .group("late")
            .add("b", 2)
            .group("rest")
            .add("c", 3, 7)
            .group("late")
            .add("d", 4501)
            .group("last")
            .add("e", 1)
            .build();
    for (int[] slice : new int[][] {{0, layout.size()}, {13, 59}, {38, 40}, {37, 39}, {5, 5}}) {
      int size = slice[1] - slice[0];
      float[] parameters = gaussians(size, 14);
      Optimizer core = config(name).create(layout, slice[0], slice[1]);
      try (Vector vector = vector(parameters);
          ShardOptimizer optimizer =
              arithmetic.optimizer(config(name), layout, slice[0], slice[1])) {
        for (int step = 1; step <= 6; step++) {
          float[] gradient = step == 4 ? tiny(size, step) : gaussians(size, 20 + step);
          double coefficient = step % 2 == 0 ? 1 : 0.37 / step;
          try (Vector pushed = vector(gradient)) {
            optimizer.step(vector, pushed, 0.01 / step, coefficient);
            assertBits(pushed, gradient);
          }
          GradientClipping.scale(gradient, coefficient);
          core.step(parameters, gradient, 0.01 / step);
          assertBits(vector, parameters);
        }
        assertThat(optimizer.steps()).isEqualTo(6);
        assertSameMoments(optimizer.moments(), core.moments());
      }
    }
  }

  /** Two networks in one slice, each with moments and steps of its own; saved and restored. */
  @ParameterizedTest
  @MethodSource("optimizers")
  void aStepOfOneNetworkLeavesTheOthersAsTheyAre(String name) {
    ParameterLayout layout =
        new ParameterLayout.Builder()
            .group("late")
            .add("a", 41)
            .build()
            .with("critics", new ParameterLayout.Builder().group("rest").add("b", 30).build());
    int size = layout.size() - 5;
    float[] parameters = gaussians(size, 50);
    Optimizer core = config(name).create(layout, 5, layout.size());
    try (Vector vector = vector(parameters);
        ShardOptimizer first = arithmetic.optimizer(config(name), layout, 5, layout.size());
        ShardOptimizer second = arithmetic.optimizer(config(name), layout, 5, layout.size())) {
      for (int step = 1; step <= 7; step++) {
        int network = step % 3 == 0 ? 0 : 1;
        ShardOptimizer optimizer = step < 5 ? first : second;
        if (step == 5) {
          second.restore(first.steps(), first.moments());
        }
        float[] before = parameters.clone();
        float[] gradient = gaussians(size, 50 + step);
        try (Vector pushed = vector(gradient)) {
          optimizer.step(network, vector, pushed, 0.1, 1);
        }
        core.step(network, parameters, gradient, 1, 0.1, size, Optimizer.Stretches.UNHEARD);
        assertBits(vector, parameters);
        int other = network == 0 ? 40 : 0;
        assertThat(parameters[other]).isEqualTo(before[other]);
        assertSameMoments(optimizer.moments(), core.moments());
      }
      assertThat(second.steps()).isEqualTo(7);
      assertThat(core.steps(0)).isEqualTo(2);
      assertThat(core.steps(1)).isEqualTo(5);
    }
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void oddNumbersGoThroughStepsAsInTheCore(String name) {
    ParameterLayout layout = new ParameterLayout.Builder().group("late").add("a", 2003).build();
    float[] parameters = numbers(2003, 30);
    Optimizer core = config(name).create(layout);
    try (Vector vector = vector(parameters);
        ShardOptimizer optimizer = arithmetic.optimizer(config(name), layout, 0, 2003)) {
      for (int step = 1; step <= 3; step++) {
        float[] gradient = numbers(2003, 30 + 5 * step);
        try (Vector pushed = arithmetic.lend(gradient, 0, 2003)) {
          optimizer.step(vector, pushed, 0.1, 1);
        }
        core.step(parameters, gradient, 0.1);
        assertBits(vector, parameters);
      }
      assertSameMoments(optimizer.moments(), core.moments());
    }
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void aRestoredOptimizerGoesOnBitForBit(String name) {
    ParameterLayout layout =
        new ParameterLayout.Builder().group("late").add("a", 11).group("rest").add("b", 9).build();
    float[] parameters = gaussians(20, 40);
    Optimizer core = config(name).create(layout);
    core.step(parameters, gaussians(20, 41), 0.1);
    float[] padded = new float[25];
    System.arraycopy(gaussians(20, 42), 0, padded, 5, 20);
    try (Vector vector = vector(parameters);
        Vector gradient = arithmetic.lend(padded, 5, 25);
        ShardOptimizer optimizer = arithmetic.optimizer(config(name), layout, 0, 20)) {
      optimizer.restore(core.steps(), core.moments());
      optimizer.step(vector, gradient, 0.1, 1);
      core.step(parameters, gaussians(20, 42), 0.1);
      assertBits(vector, parameters);
      assertSameMoments(optimizer.moments(), core.moments());
      assertThat(optimizer.steps()).isEqualTo(2);
    }
  }

  // ---- mistakes

  @Test
  void saysWhatIsWrongWithVectors() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.vector(-1))
        .withMessage("the size is -1 but must be ≥ 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.lend(new float[4], 2, 5))
        .withMessage("the slice is [2, 5) but the array has 4 numbers");
    Vector seven = arithmetic.vector(7);
    Vector eight = arithmetic.vector(8);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.sum(List.of(eight, seven), eight))
        .withMessage("gradient 1 has 7 numbers but the destination has 8");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.mean(List.of(), eight))
        .withMessage("there are no gradients but a sum needs at least one");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.copy(seven, eight))
        .withMessage("the source has 7 numbers but the destination has 8");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.sumsOfSquares(eight, new double[2]))
        .withMessage("the array of sums has 2 numbers but what the vector needs has 1");
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> seven.write(5, FloatBuffer.allocate(3)))
        .withMessage("the buffer's 3 numbers would lie at [5, 8) but the vector has 7");
    seven.close();
    seven.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> arithmetic.scale(seven, 0.5))
        .withMessage("the vector is closed");
    assertThatIllegalStateException()
        .isThrownBy(() -> seven.read(0, FloatBuffer.allocate(1)))
        .withMessage("the vector is closed");
  }

  @Test
  void saysWhatIsWrongWithAVectorOfAnother() {
    Vector stranger = new Stranger();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.scale(stranger, 0.5))
        .withMessage(
            "the vector was made by another arithmetic than this one on "
                + arithmetic.description()
                + ": read it there and write it here");
  }

  @Test
  void saysWhatIsWrongWithEncodedNumbers() {
    Vector vector = arithmetic.vector(8);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.decode(HalfPrecision.BF16, ShortBuffer.allocate(7), vector))
        .withMessage("the source has 7 numbers but the destination has 8");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> arithmetic.addInt8(ByteBuffer.allocate(8), FloatBuffer.allocate(2), 6, vector))
        .withMessage("the block size is 6 but must be a power of two ≥ 4");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> arithmetic.addInt8(ByteBuffer.allocate(8), FloatBuffer.allocate(3), 4, vector))
        .withMessage("there are 3 scales but 8 numbers in blocks of 4 need 2");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                arithmetic.scatterAdd(
                    IntBuffer.wrap(new int[] {3, 3}), FloatBuffer.allocate(2), vector))
        .withMessage("index 3 comes after 3 but the indices must ascend from 0 to 7");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                arithmetic.scatterAdd(
                    IntBuffer.wrap(new int[] {8}), FloatBuffer.allocate(1), vector))
        .withMessage("index 8 comes after -1 but the indices must ascend from 0 to 7");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                arithmetic.scatterAdd(
                    IntBuffer.wrap(new int[] {1}), FloatBuffer.allocate(2), vector))
        .withMessage("there are 1 indices but 2 values");
  }

  @Test
  void saysWhatIsWrongWithAStep() {
    ParameterLayout layout = new ParameterLayout.Builder().add("a", 8).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> arithmetic.optimizer(Sgd.defaults(), layout, 3, 9))
        .withMessage("the slice is [3, 9) but the flat vector has 8 numbers");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                arithmetic.optimizer(
                    new Sgd(0, 0, false, 0, Map.of("late", new Group(1, 0))), layout, 0, 8))
        .withMessageContaining("has settings for the groups [late]");
    Vector eight = arithmetic.vector(8);
    Vector seven = arithmetic.vector(7);
    ShardOptimizer optimizer = arithmetic.optimizer(Adam.defaults(), layout, 0, 8);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> optimizer.step(eight, seven, 0.1, 1))
        .withMessage("the gradient has 7 numbers but the optimizer's slice has 8");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> optimizer.step(eight, eight, Double.NaN, 1))
        .withMessage("learning rate is NaN but must be ≥ 0 and finite");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> optimizer.restore(3, Map.of("exp_avg", new float[8])))
        .withMessageContaining("remembers [exp_avg] but this one remembers [exp_avg, exp_avg_sq]");
    assertThat(optimizer.steps()).isZero();
  }

  // ---- what the tests are made of

  private Vector vector(float[] numbers) {
    Vector vector = arithmetic.vector(numbers.length);
    vector.write(0, FloatBuffer.wrap(numbers));
    return vector;
  }

  private static OptimizerConfig config(String name) {
    return Objects.requireNonNull(OPTIMIZERS.get(name));
  }

  static float[] gaussians(int size, int seed) {
    Pcg64 random = new Pcg64(seed);
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  /** So small that products of them are subnormal or vanish. */
  private static float[] tiny(int size, int seed) {
    float[] numbers = gaussians(size, seed);
    for (int i = 0; i < size; i++) {
      numbers[i] *= i % 2 == 0 ? 1e-22f : 1e-40f;
    }
    return numbers;
  }

  /** Every third number a special one, the others of any size. */
  private static float[] numbers(int size, int seed) {
    float[] numbers = gaussians(size, seed);
    for (int i = 0; i < size; i++) {
      if (i % 3 == seed % 3) {
        numbers[i] = ODD_NUMBERS[(i / 3 + seed) % ODD_NUMBERS.length];
      } else if (i % 5 == 0) {
        numbers[i] = Math.scalb(numbers[i], i % 90 - 60);
      }
    }
    return numbers;
  }

  private static void assertBits(Vector vector, float[] expected) {
    float[] actual = new float[vector.size()];
    vector.read(0, FloatBuffer.wrap(actual));
    assertSameBits(actual, expected);
  }

  /** Every NaN counts as the same. */
  private static void assertSameBits(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
        assertThat(Float.toHexString(actual[i]))
            .as("number %d", i)
            .isEqualTo(Float.toHexString(expected[i]));
      }
    }
  }

  private static void assertSameMoments(
      Map<String, float[]> actual, Map<String, float[]> expected) {
    assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
    expected.forEach(
        (name, values) -> assertSameBits(actual.getOrDefault(name, new float[0]), values));
  }

  /** A vector of no arithmetic. */
  private static final class Stranger implements Vector {
    @Override
    public int size() {
      return 1;
    }

    @Override
    public void write(int index, FloatBuffer source) {}

    @Override
    public void read(int index, FloatBuffer destination) {}

    @Override
    public void clear() {}

    @Override
    public void close() {}
  }
}
