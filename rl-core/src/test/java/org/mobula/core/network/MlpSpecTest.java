package org.mobula.core.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.random.Pcg64;

class MlpSpecTest {
  private static final MlpSpec SPEC =
      new MlpSpec(
          4,
          List.of(8),
          List.of(
              new MlpSpec.Head("policy", List.of(6), 2, 0.01f),
              new MlpSpec.Constant("log_std", 2, -0.5f),
              new MlpSpec.Head("value", List.of(), 1, 1)),
          Activation.TANH,
          Initialization.orthogonal());

  @Test
  void layoutNamesShapesAndOffsetsFollowTheNetwork() {
    assertThat(SPEC.layout().entries())
        .containsExactly(
            new ParameterLayout.Entry("trunk.0.weight", List.of(8, 4), 0, "trunk"),
            new ParameterLayout.Entry("trunk.0.bias", List.of(8), 32, "trunk"),
            new ParameterLayout.Entry("policy.0.weight", List.of(6, 8), 40, "policy"),
            new ParameterLayout.Entry("policy.0.bias", List.of(6), 88, "policy"),
            new ParameterLayout.Entry("policy.1.weight", List.of(2, 6), 94, "policy"),
            new ParameterLayout.Entry("policy.1.bias", List.of(2), 106, "policy"),
            new ParameterLayout.Entry("log_std", List.of(2), 108, "log_std"),
            new ParameterLayout.Entry("value.0.weight", List.of(1, 8), 110, "value"),
            new ParameterLayout.Entry("value.0.bias", List.of(1), 118, "value"));
    assertThat(SPEC.layout().size()).isEqualTo(119);
    assertThat(SPEC.outputs()).isEqualTo(5);
  }

  @Test
  void layoutTellsWhichTensorHoldsAPlace() {
    assertThat(SPEC.layout().entryAt(0).name()).isEqualTo("trunk.0.weight");
    assertThat(SPEC.layout().entryAt(39).name()).isEqualTo("trunk.0.bias");
    assertThat(SPEC.layout().entryAt(118).name()).isEqualTo("value.0.bias");
    assertThat(catchThrowable(() -> SPEC.layout().entryAt(119)))
        .hasMessage("index is 119 but the flat vector has 119 numbers");
  }

  @Test
  void freshParametersHaveOrthogonalWeightsZeroBiasesAndTheConstants() {
    float[] parameters = SPEC.initialParameters(new Pcg64(1));
    assertOrthogonal(parameters, SPEC.layout().entry("trunk.0.weight"), Math.sqrt(2));
    assertOrthogonal(parameters, SPEC.layout().entry("policy.0.weight"), Math.sqrt(2));
    assertOrthogonal(parameters, SPEC.layout().entry("policy.1.weight"), 0.01);
    assertOrthogonal(parameters, SPEC.layout().entry("value.0.weight"), 1);
    assertThat(values(parameters, "trunk.0.bias")).containsOnly(0);
    assertThat(values(parameters, "value.0.bias")).containsOnly(0);
    assertThat(values(parameters, "log_std")).containsOnly(-0.5f);
  }

  @Test
  void freshParametersDependOnTheSeedAlone() {
    assertThat(SPEC.initialParameters(new Pcg64(7)))
        .isEqualTo(SPEC.initialParameters(new Pcg64(7)));
    assertThat(SPEC.initialParameters(new Pcg64(7)))
        .isNotEqualTo(SPEC.initialParameters(new Pcg64(8)));
  }

  @ParameterizedTest
  @CsvSource({
    "KAIMING_UNIFORM, 0.6123724",
    "XAVIER_UNIFORM, 0.5773503",
    "FAN_IN_UNIFORM, 0.3535534"
  })
  void uniformWeightsFillTheirRange(Initialization.Kind kind, float bound) {
    MlpSpec spec =
        new MlpSpec(
            32,
            List.of(40),
            List.of(new MlpSpec.Head("q", List.of(), 3, 1)),
            Activation.RELU,
            new Initialization(kind, 2));
    float[] weights = Arrays.copyOf(spec.initialParameters(new Pcg64(1)), 40 * 32);
    double squares = 0;
    for (float weight : weights) {
      assertThat(weight).isBetween(-bound, bound);
      squares += weight * weight;
    }
    assertThat(squares / weights.length).isCloseTo(bound * bound / 3.0, within(0.01));
  }

  /** PyTorch's {@code nn.Linear}: 1/√32 for the first layer, 1/√40 for the second. */
  @Test
  void biasesStartWithinOneOverTheRootOfTheirInputsWhereWeightsDo() {
    MlpSpec spec =
        new MlpSpec(
            32,
            List.of(40),
            List.of(new MlpSpec.Head("q", List.of(), 1000, 1)),
            Activation.RELU,
            Initialization.fanInUniform());
    float[] parameters = spec.initialParameters(new Pcg64(1));
    assertFills(parameters, spec.layout().entry("trunk.0.bias"), 1 / Math.sqrt(32));
    assertFills(parameters, spec.layout().entry("q.0.weight"), 1 / Math.sqrt(40));
    assertFills(parameters, spec.layout().entry("q.0.bias"), 1 / Math.sqrt(40));
  }

  private static void assertFills(float[] parameters, ParameterLayout.Entry entry, double bound) {
    float[] values = Arrays.copyOfRange(parameters, entry.offset(), entry.offset() + entry.size());
    Arrays.sort(values);
    assertThat((double) values[0]).as(entry.name()).isBetween(-bound, -0.8 * bound);
    assertThat((double) values[values.length - 1]).as(entry.name()).isBetween(0.8 * bound, bound);
  }

  @Test
  void saysWhatIsWrong() {
    MlpSpec.Head value = new MlpSpec.Head("value", List.of(), 1, 1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(0, List.of(), value))
        .withMessage("inputs is 0 but must be ≥ 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(1, List.of(8, 0), value))
        .withMessage("a width of trunk is 0 but must be ≥ 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(1, List.of(), value, value))
        .withMessageStartingWith("the name value is taken");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(1, List.of(), new MlpSpec.Constant("trunk", 1, 0)))
        .withMessageStartingWith("the name trunk is taken");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(1, List.of()))
        .withMessage("a network needs at least one output column");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Initialization(Initialization.Kind.ORTHOGONAL, 0))
        .withMessage("hidden gain is 0.0 but must be > 0");
  }

  private static MlpSpec spec(int inputs, List<Integer> trunk, MlpSpec.Column... columns) {
    return new MlpSpec(
        inputs, trunk, List.of(columns), Activation.TANH, Initialization.orthogonal());
  }

  private static float[] values(float[] parameters, String name) {
    ParameterLayout.Entry entry = SPEC.layout().entry(name);
    return Arrays.copyOfRange(parameters, entry.offset(), entry.offset() + entry.size());
  }

  /** The shorter side's vectors have length {@code gain} and are perpendicular. */
  private static void assertOrthogonal(
      float[] parameters, ParameterLayout.Entry entry, double gain) {
    int rows = entry.shape().get(0);
    int columns = entry.shape().get(1);
    boolean wide = rows <= columns;
    int vectors = Math.min(rows, columns);
    int length = Math.max(rows, columns);
    for (int a = 0; a < vectors; a++) {
      for (int b = 0; b < vectors; b++) {
        double product = 0;
        for (int i = 0; i < length; i++) {
          product +=
              (double) parameters[entry.offset() + (wide ? a * columns + i : i * columns + a)]
                  * parameters[entry.offset() + (wide ? b * columns + i : i * columns + b)];
        }
        assertThat(product / (gain * gain)).isCloseTo(a == b ? 1 : 0, within(1e-6));
      }
    }
  }
}
