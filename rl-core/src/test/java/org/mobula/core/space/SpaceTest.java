package org.mobula.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;

class SpaceTest {
  private static final float INFINITY = Float.POSITIVE_INFINITY;

  static Stream<Space> spaces() {
    return Stream.of(
        Box.of(-2, 2, 3),
        Box.of(new float[] {-1, -INFINITY, 0, -INFINITY}, new float[] {1, 5, INFINITY, INFINITY}),
        Box.unbounded(2, 3),
        Box.of(1, 1),
        Box.of(-Float.MAX_VALUE, Float.MAX_VALUE, 2),
        new Discrete(5),
        new Discrete(3, -1),
        new MultiDiscrete(2, 3, 4),
        new MultiBinary(4),
        Tuple.of(new Discrete(2), Box.of(0, 1, 2), Tuple.of(new MultiBinary(2))),
        Dict.of("far", Box.of(-1, 1, 2)).with("door", new Discrete(3)));
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void containsWhatItSamplesAtAnyOffset(Space space) {
    Pcg64 random = new Pcg64(1);
    float[] values = new float[space.size() + 3];
    for (int i = 0; i < 1000; i++) {
      values[0] = values[1] = values[values.length - 1] = 77;
      space.sample(random, values, 2);
      assertThat(space.contains(values, 2)).isTrue();
      assertThat(values[0] + values[1] + values[values.length - 1]).isEqualTo(3 * 77);
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void flattensIntoItsFlatSizeAndNoFurther(Space space) {
    float[] values = new float[space.size()];
    space.sample(new Pcg64(2), values, 0);
    float[] features = new float[space.flatSize() + 2];
    java.util.Arrays.fill(features, Float.NaN);
    space.flatten(values, 0, features, 1);
    assertThat(features[0]).isNaN();
    assertThat(features[features.length - 1]).isNaN();
    for (int i = 1; i <= space.flatSize(); i++) {
      assertThat(features[i]).isNotNaN();
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void refusesNotANumber(Space space) {
    float[] values = new float[space.size()];
    space.sample(new Pcg64(3), values, 0);
    values[space.size() - 1] = Float.NaN;
    assertThat(space.contains(values, 0)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void survivesSerialization(Space space) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(space);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(space).hasSameHashCodeAs(space);
    }
  }

  @Test
  void sizesFollowTheParts() {
    Space space =
        Dict.of("pose", Box.of(-1, 1, 2, 3))
            .with("tool", new Discrete(4))
            .with("fingers", new MultiDiscrete(2, 3))
            .with("lamps", new MultiBinary(5));
    assertThat(space.size()).isEqualTo(6 + 1 + 2 + 5);
    assertThat(space.flatSize()).isEqualTo(6 + 4 + 5 + 5);
    assertThat(space.maskSize()).isEqualTo(4 + 5);
  }

  @Test
  void aDictKnowsWhereEachPartStarts() {
    Dict dict = Dict.of("pose", Box.of(-1, 1, 2, 3)).with("tool", new Discrete(4));
    assertThat(dict.names()).containsExactly("pose", "tool");
    assertThat(dict.offset("pose")).isZero();
    assertThat(dict.offset("tool")).isEqualTo(6);
    assertThat(dict.part("tool")).isEqualTo(new Discrete(4));
    assertThatThrownBy(() -> dict.offset("tol"))
        .hasMessage("no \"tol\" in a Dict that has [pose, tool]");
    assertThatThrownBy(() -> dict.with("pose", new Discrete(2)))
        .hasMessage("\"pose\" is named twice in a Dict that has [pose, tool]");
  }

  @Test
  void discreteValuesBecomeOneHot() {
    float[] features = new float[9];
    Tuple.of(new Discrete(4), new MultiDiscrete(2, 3))
        .flatten(new float[] {2, 0, 1}, 0, features, 0);
    assertThat(features).containsExactly(0, 0, 1, 0, 1, 0, 0, 1, 0);
  }

  @ParameterizedTest
  @ValueSource(floats = {-1, 0.5f, 3, 9})
  void whatIsNoChoiceIsNotFlattened(float value) {
    assertThatThrownBy(() -> new Discrete(3).flatten(new float[] {value}, 0, new float[3], 0))
        .hasMessage(
            "%s is no choice of 3: an observation has a whole number from 0 to 2 there", value);
  }

  @Test
  void discreteHoldsWholeNumbersInRangeOnly() {
    Discrete space = new Discrete(3, 10);
    assertThat(space.contains(new float[] {0}, 0)).isTrue();
    assertThat(space.contains(new float[] {2}, 0)).isTrue();
    assertThat(space.contains(new float[] {3}, 0)).isFalse();
    assertThat(space.contains(new float[] {-1}, 0)).isFalse();
    assertThat(space.contains(new float[] {0.5f}, 0)).isFalse();
    assertThat(space.contains(new float[] {INFINITY}, 0)).isFalse();
    assertThat(new MultiBinary(1).contains(new float[] {2}, 0)).isFalse();
  }

  @Test
  void boxKeepsItsBounds() {
    Box box = Box.of(-1, 1, 2);
    assertThat(box.contains(new float[] {-1, 1}, 0)).isTrue();
    assertThat(box.contains(new float[] {0, 1.0001f}, 0)).isFalse();
    assertThat(box.bounded()).isTrue();
    assertThat(Box.unbounded(2).bounded()).isFalse();
    box.low()[0] = 5;
    assertThat(box.low(0)).isEqualTo(-1);
    assertThat(Box.of(0, 1).size()).isEqualTo(1);
  }

  @Test
  void samplesFillTheBox() {
    Pcg64 random = new Pcg64(4);
    Box box =
        Box.of(new float[] {-1, 2, -INFINITY, -INFINITY}, new float[] {3, INFINITY, 2, INFINITY});
    double[] sums = new double[4];
    float[] value = new float[4];
    int draws = 20_000;
    for (int i = 0; i < draws; i++) {
      box.sample(random, value, 0);
      for (int k = 0; k < 4; k++) {
        sums[k] += value[k] / draws;
      }
    }
    double[] means = {1, 3, 1, 0};
    for (int k = 0; k < 4; k++) {
      assertThat(sums[k]).isBetween(means[k] - 0.05, means[k] + 0.05);
    }
  }

  @Test
  void readAsWhatTheyAre() {
    assertThat(Box.unbounded(4)).hasToString("Box(4)");
    assertThat(Box.unbounded(84, 84, 3)).hasToString("Box(84, 84, 3)");
    assertThat(new Discrete(2)).hasToString("Discrete(2)");
    assertThat(new Discrete(2, 1)).hasToString("Discrete(2, start=1)");
    assertThat(new MultiDiscrete(2, 3)).hasToString("MultiDiscrete(2, 3)");
    assertThat(Dict.of("a", new Discrete(2)).with("b", Tuple.of(new MultiBinary(3))))
        .hasToString("Dict(a: Discrete(2), b: Tuple(MultiBinary(3)))");
  }

  @Test
  void compareByContent() {
    assertThat(Box.of(-1, 1, 2)).isEqualTo(Box.of(new float[] {-1, -1}, new float[] {1, 1}));
    assertThat(Box.of(-1, 1, 2)).isNotEqualTo(Box.of(-1, 1, 2, 1));
    assertThat(Box.of(-1, 1, 2)).isNotEqualTo(Box.of(-1, 2, 2));
    assertThat(new MultiDiscrete(2, 3)).isNotEqualTo(new MultiDiscrete(3, 2));
    assertThat(Dict.of("a", new Discrete(2))).isNotEqualTo(Dict.of("b", new Discrete(2)));
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> Box.of(2, 1, 3))
        .hasMessage("Box bounds of element 0 are [2.0, 1.0] but low must be <= high, neither NaN");
    assertThatThrownBy(() -> Box.of(Float.NaN, 1, 3)).hasMessageContaining("neither NaN");
    assertThatThrownBy(() -> Box.of(INFINITY, INFINITY, 1))
        .hasMessageEndingWith("hold no finite number");
    assertThatThrownBy(() -> Box.of(0, 1, 3, 0))
        .hasMessage("Box shape is [3, 0] but every length must be >= 1");
    assertThatThrownBy(() -> Box.of(new float[2], new float[3]))
        .hasMessage("Box of shape [2] needs 2 bounds, but got 2 low and 3 high");
    assertThatThrownBy(() -> new Discrete(0))
        .hasMessage(
            "Discrete n is 0 but must be >= 1 and <= 2^24, the last index a float can hold");
    assertThatThrownBy(() -> new MultiDiscrete(2, 0))
        .hasMessageStartingWith("MultiDiscrete nvec[1] is 0 but must be >= 1");
    assertThatThrownBy(() -> new MultiBinary(0)).hasMessage("MultiBinary n is 0 but must be >= 1");
    assertThatThrownBy(() -> Tuple.of()).hasMessage("a Tuple needs at least one part");
  }
}
