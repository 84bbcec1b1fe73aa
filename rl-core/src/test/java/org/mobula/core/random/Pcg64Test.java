package org.mobula.core.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against draws recorded from NumPy; the file says from which version. */
class Pcg64Test {
  private static final JsonNode NUMPY = read();

  private static JsonNode read() {
    try (InputStream in =
        Objects.requireNonNull(Pcg64Test.class.getResourceAsStream("numpy-pcg64.json"))) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static Stream<JsonNode> seeds() {
    return NUMPY.get("seeds").valueStream();
  }

  private static SeedSequence sequence(JsonNode seed) {
    SeedSequence root = SeedSequence.ofWords(ints(seed.get("words")));
    int[] key = ints(seed.get("spawnKey"));
    return key.length == 0 ? root : root.spawn(key);
  }

  private static int[] ints(JsonNode node) {
    return node.valueStream().mapToInt(n -> (int) n.asLong()).toArray();
  }

  private static long[] longs(JsonNode node) {
    return node.valueStream().mapToLong(JsonNode::asLong).toArray();
  }

  private static double[] doubles(JsonNode node) {
    return node.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void generatesTheWordsOfNumPysSeedSequence(JsonNode seed) {
    assertThat(sequence(seed).generateState(6)).isEqualTo(longs(seed.get("state")));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void drawsNumPysRawWords(JsonNode seed) {
    Pcg64 random = new Pcg64(sequence(seed));
    assertThat(IntStream.range(0, 8).mapToLong(i -> random.nextLong()).toArray())
        .isEqualTo(longs(seed.get("longs")));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void drawsNumPysDoublesAndFloats(JsonNode seed) {
    Pcg64 doubles = new Pcg64(sequence(seed));
    assertThat(IntStream.range(0, 4).mapToDouble(i -> doubles.nextDouble()).toArray())
        .isEqualTo(doubles(seed.get("doubles")));
    Pcg64 uniform = new Pcg64(sequence(seed));
    assertThat(IntStream.range(0, 4).mapToDouble(i -> uniform.uniform(-0.05, 0.05)).toArray())
        .isEqualTo(doubles(seed.get("uniform")));
    Pcg64 floats = new Pcg64(sequence(seed));
    assertThat(IntStream.range(0, 4).mapToDouble(i -> floats.nextFloat()).toArray())
        .isEqualTo(doubles(seed.get("floats")));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void drawsNumPysBoundedIntegersAndKeepsTheHalfWord(JsonNode seed) {
    Pcg64 random = new Pcg64(sequence(seed));
    long[] expected = longs(seed.get("integers"));
    long[] drawn = new long[expected.length];
    int i = 0;
    for (JsonNode range : NUMPY.get("ranges")) {
      for (int draw = 0; draw < 3; draw++) {
        drawn[i++] = random.integers(range.get(0).asLong(), range.get(1).asLong());
      }
    }
    drawn[i] = random.nextLong();
    assertThat(drawn).isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void choosesAsNumPy(JsonNode seed) {
    Pcg64 random = new Pcg64(sequence(seed));
    double[] p = {0.1, 0.2, 0.3, 0.4};
    assertThat(IntStream.range(0, 20).map(i -> random.choice(p)).toArray())
        .isEqualTo(ints(seed.get("choice")));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void drawsNumPysNormalsUpToRounding(JsonNode seed) {
    Pcg64 random = new Pcg64(sequence(seed));
    double[] expected = doubles(seed.get("gaussians"));
    double[] drawn = IntStream.range(0, 2000).mapToDouble(i -> random.nextGaussian()).toArray();
    assertThat(Arrays.copyOfRange(drawn, 2000 - expected.length, 2000))
        .containsExactly(expected, within(1e-14));
  }

  @Test
  void normalsStayInStepWithNumPyThroughEveryBranch() {
    Pcg64 random = new Pcg64(5);
    double sum = 0;
    double largest = 0;
    for (int i = 0; i < 200_000; i++) {
      double value = random.nextGaussian();
      sum += value;
      largest = Math.max(largest, Math.abs(value));
    }
    // numpy.random.default_rng(5).standard_normal(200000): .sum() and abs().max(), NumPy 2.4.6.
    assertThat(sum).isCloseTo(365.95781498290273, within(1e-9));
    assertThat(largest).isCloseTo(4.820175842608121, within(1e-14));
  }

  @Test
  void aLongSeedEqualsItsWords() {
    assertThat(SeedSequence.of(42)).isEqualTo(SeedSequence.ofWords(42));
    assertThat(SeedSequence.of(1L << 31)).isEqualTo(SeedSequence.ofWords(1 << 31));
    assertThat(SeedSequence.of(Long.MAX_VALUE))
        .isEqualTo(SeedSequence.ofWords(0xffffffff, 0x7fffffff));
    assertThat(SeedSequence.of(-1)).isEqualTo(SeedSequence.ofWords(0xffffffff, 0xffffffff));
  }

  @Test
  void streamsDependOnSeedAndNameAlone() {
    SeedSequence root = SeedSequence.of(7);
    assertThat(root.stream("environment/3")).isEqualTo(SeedSequence.of(7).stream("environment/3"));
    long first = new Pcg64(root.stream("environment/3")).nextLong();
    assertThat(first).isNotEqualTo(new Pcg64(root.stream("environment/4")).nextLong());
    assertThat(first).isNotEqualTo(new Pcg64(root).nextLong());
    assertThat(first)
        .isNotEqualTo(new Pcg64(SeedSequence.of(8).stream("environment/3")).nextLong());
  }

  @Test
  void theHashOfAStreamsNameIsFnv1a() {
    // The published test vector: FNV-1a 64 of "foobar" is 85944171f73967e8.
    assertThat(SeedSequence.of(1).stream("foobar"))
        .isEqualTo(SeedSequence.of(1).spawn(0xf73967e8, 0x85944171));
  }

  @Test
  void restoringAStateContinuesEveryDraw() {
    Pcg64 random = new Pcg64(3);
    random.nextInt();
    long[] state = random.state();
    int half = random.nextInt();
    double gaussian = random.nextGaussian();
    Pcg64 other = new Pcg64(99);
    other.restore(state);
    assertThat(other.nextInt()).isEqualTo(half);
    assertThat(other.nextGaussian()).isEqualTo(gaussian);
    assertThat(other.state()).isEqualTo(random.state());
  }

  @Test
  void shufflesUniformly() {
    Pcg64 random = new Pcg64(11);
    int[] counts = new int[6];
    int[] order = new int[3];
    int draws = 60_000;
    for (int i = 0; i < draws; i++) {
      random.permutation(order);
      assertThat(order[0] + order[1] + order[2]).isEqualTo(3);
      counts[order[0] * 2 + (order[1] > order[2] ? 1 : 0)]++;
    }
    double chiSquared = 0;
    for (int count : counts) {
      chiSquared += Math.pow(count - draws / 6.0, 2) / (draws / 6.0);
    }
    // The 0.1 % point of χ² with 5 degrees of freedom.
    assertThat(chiSquared).isLessThan(20.5);
  }

  @Test
  void mistakesAreExplained() {
    Pcg64 random = new Pcg64(0);
    assertThatThrownBy(() -> random.integers(3, 3))
        .hasMessage("no integer in [3, 3): low must be < high");
    assertThatThrownBy(() -> random.choice(new double[] {0.5, 0.4}))
        .hasMessage("the 2 probabilities sum to 0.9 but must sum to 1");
    assertThatThrownBy(() -> random.choice(new double[] {1.5, -0.5}))
        .hasMessage("probability 1 is -0.5 but must be >= 0");
    assertThatThrownBy(() -> random.restore(new long[4]))
        .hasMessage("a generator's state has 5 words, this one 4");
    assertThatThrownBy(() -> SeedSequence.ofWords()).hasMessage("a seed needs at least one word");
  }
}
