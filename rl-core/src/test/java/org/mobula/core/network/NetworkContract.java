package org.mobula.core.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.random.Pcg64;

/**
 * What every engine for multilayer perceptrons must do, held against a double-precision reference.
 * Extend it, say how a network is made, and the tests run.
 */
public abstract class NetworkContract {
  private static final double TOLERANCE = 1e-5;
  private static final float UNTOUCHED = -12345.5f;

  /** A network of this shape; its first parameters do not matter. */
  protected abstract Network create(MlpSpec spec);

  /** A spread of shapes: heads, trunks, constants, odd widths and every activation. */
  static List<MlpSpec> specs() {
    List<MlpSpec> specs = new ArrayList<>();
    for (Activation activation : Activation.values()) {
      specs.add(
          spec(
              4,
              List.of(64, 64),
              activation,
              new MlpSpec.Head("policy", List.of(), 2, 0.01f),
              new MlpSpec.Head("value", List.of(), 1, 1)));
      specs.add(
          spec(
              3,
              List.of(),
              activation,
              new MlpSpec.Head("policy", List.of(65, 17), 3, 1),
              new MlpSpec.Constant("log_std", 3, -0.5f),
              new MlpSpec.Head("value", List.of(17, 3), 1, 1)));
    }
    specs.add(spec(1, List.of(), Activation.TANH, new MlpSpec.Head("only", List.of(), 1, 1)));
    specs.add(spec(17, List.of(), Activation.RELU, new MlpSpec.Head("only", List.of(1), 65, 1)));
    specs.add(
        spec(
            65,
            List.of(17),
            Activation.SILU,
            new MlpSpec.Constant("first", 1, 2),
            new MlpSpec.Head("left", List.of(), 17, 1),
            new MlpSpec.Head("right", List.of(3), 3, 1),
            new MlpSpec.Head("value", List.of(65), 1, 1)));
    specs.addAll(offPolicy());
    specs.add(
        spec(33, List.of(130, 1, 48), Activation.ELU, new MlpSpec.Head("q", List.of(), 18, 1)));
    return specs;
  }

  /**
   * The usual critics and actors of off-policy algorithms: twin critics are heads of one network.
   */
  private static List<MlpSpec> offPolicy() {
    return List.of(
        spec(
            4,
            List.of(),
            Activation.RELU,
            new MlpSpec.Head("first", List.of(256, 256), 1, 1),
            new MlpSpec.Head("second", List.of(256, 256), 1, 1)),
        spec(24, List.of(400, 300), Activation.RELU, new MlpSpec.Head("policy", List.of(), 4, 1)));
  }

  private static MlpSpec spec(
      int inputs, List<Integer> trunk, Activation activation, MlpSpec.Column... columns) {
    return new MlpSpec(inputs, trunk, List.of(columns), activation, Initialization.orthogonal());
  }

  private static MlpSpec policyAndValue() {
    return specs().get(3);
  }

  @ParameterizedTest
  @MethodSource("org.mobula.core.network.NetworkContract#specs")
  void hasTheLayoutAndTheSizesOfItsSpec(MlpSpec spec) {
    try (Network network = create(spec)) {
      assertThat(network.layout()).isEqualTo(spec.layout());
      assertThat(network.inputs()).isEqualTo(spec.inputs());
      assertThat(network.outputs()).isEqualTo(spec.outputs());
    }
  }

  @ParameterizedTest
  @MethodSource("org.mobula.core.network.NetworkContract#specs")
  void outputsAndGradientsEqualTheReference(MlpSpec spec) {
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(1);
      float[] parameters = parameters(spec, random);
      network.setParameters(parameters);
      // Different sizes one after the other, so that a workspace grows and is reused.
      for (int batch : new int[] {7, 256, 1, 16, 7}) {
        check(spec, network, parameters, batch, random);
      }
    }
  }

  /** Initial parameters with biases that are not zero, so that a forgotten bias shows. */
  private static float[] parameters(MlpSpec spec, Pcg64 random) {
    float[] parameters = spec.initialParameters(random);
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] += (float) random.uniform(-0.1, 0.1);
    }
    return parameters;
  }

  private static void check(
      MlpSpec spec, Network network, float[] parameters, int batch, Pcg64 random) {
    Case data = new Case(spec, batch, random);
    Expected expected = data.expected(spec, parameters);
    network.forward(data.inputs, batch, data.outputs);
    assertClose("outputs", data.outputs, expected.outputs);

    float[] parameterGradient = filled(parameters.length);
    float[] inputGradients = filled(data.inputs.length);
    network.backward(data.outputGradients, parameterGradient, inputGradients);
    for (ParameterLayout.Entry entry : spec.layout().entries()) {
      int end = entry.offset() + entry.size();
      assertClose(
          entry.name() + " at batch " + batch,
          Arrays.copyOfRange(parameterGradient, entry.offset(), end),
          Arrays.copyOfRange(expected.parameterGradient, entry.offset(), end),
          // A sum's rounding follows its partial sums, however little of them remains in the end.
          Math.sqrt(batch));
    }
    assertClose("input gradients", inputGradients, expected.inputGradients);

    float[] again = filled(parameters.length);
    network.forward(data.inputs, batch, data.outputs);
    network.backward(data.outputGradients, again, null);
    assertThat(again).as("without input gradients").isEqualTo(parameterGradient);
    float[] alone = filled(data.inputs.length);
    System.gc(); // what an engine needs of the forward pass is not the collector's
    network.backward(data.outputGradients, null, alone);
    assertSameNumbers("input gradients alone", alone, inputGradients);
    network.backward(data.outputGradients, again, alone);
    assertThat(again).as("after input gradients alone").isEqualTo(parameterGradient);
  }

  @Test
  void leavesWhatLiesBeyondTheBatchUntouched() {
    MlpSpec spec = policyAndValue();
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(1);
      float[] parameters = parameters(spec, random);
      network.setParameters(parameters);
      Case data = new Case(spec, 7, random);
      Expected expected = data.expected(spec, parameters);
      float[] outputs = longer(data.outputs);
      float[] inputGradients = filled(data.inputs.length + 50);
      float[] parameterGradient = filled(parameters.length + 50);
      network.forward(longer(data.inputs), 7, outputs);
      network.backward(longer(data.outputGradients), parameterGradient, inputGradients);
      assertRest(outputs, data.outputs.length);
      assertRest(inputGradients, data.inputs.length);
      assertRest(parameterGradient, parameters.length);
      assertClose("outputs", head(outputs, data.outputs.length), expected.outputs);
      assertClose(
          "parameter gradient",
          head(parameterGradient, parameters.length),
          expected.parameterGradient);
      assertClose(
          "input gradients", head(inputGradients, data.inputs.length), expected.inputGradients);
    }
  }

  @Test
  void theSameCallsGiveTheSameBits() {
    MlpSpec spec = policyAndValue();
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(2);
      network.setParameters(parameters(spec, random));
      Case data = new Case(spec, 65, random);
      Result first = run(network, data);
      Result second = run(network, data);
      assertThat(second.outputs).isEqualTo(first.outputs);
      assertThat(second.parameterGradient).isEqualTo(first.parameterGradient);
      assertThat(second.inputGradients).isEqualTo(first.inputGradients);
    }
  }

  @Test
  void backwardUsesTheInputsAsTheyWereAtForward() {
    MlpSpec spec = policyAndValue();
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(3);
      float[] parameters = parameters(spec, random);
      network.setParameters(parameters);
      Case data = new Case(spec, 7, random);
      Expected expected = data.expected(spec, parameters);
      network.forward(data.inputs, 7, data.outputs);
      Arrays.fill(data.inputs, 99);
      Arrays.fill(data.outputs, 99);
      float[] parameterGradient = filled(parameters.length);
      network.backward(data.outputGradients, parameterGradient, null);
      assertClose("parameter gradient", parameterGradient, expected.parameterGradient);
    }
  }

  @Test
  void twoBackwardsAfterOneForwardGiveTheSameGradient() {
    MlpSpec spec = policyAndValue();
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(4);
      network.setParameters(parameters(spec, random));
      Case data = new Case(spec, 7, random);
      network.forward(data.inputs, 7, data.outputs);
      float[] first = filled(spec.layout().size());
      float[] second = filled(spec.layout().size());
      network.backward(data.outputGradients, first, null);
      network.backward(data.outputGradients, second, null);
      assertThat(second).isEqualTo(first);
    }
  }

  @Test
  void takesACopyOfTheParameters() {
    MlpSpec spec = policyAndValue();
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(5);
      float[] parameters = parameters(spec, random);
      network.setParameters(parameters);
      Case data = new Case(spec, 7, random);
      Expected expected = data.expected(spec, parameters);
      Arrays.fill(parameters, 99);
      network.forward(data.inputs, 7, data.outputs);
      assertClose("outputs", data.outputs, expected.outputs);
    }
  }

  @Test
  void newParametersReplaceTheOld() {
    MlpSpec spec = policyAndValue();
    try (Network network = create(spec)) {
      Pcg64 random = new Pcg64(6);
      for (int i = 0; i < 3; i++) {
        float[] parameters = parameters(spec, random);
        network.setParameters(parameters);
        check(spec, network, parameters, 7, random);
      }
    }
  }

  @Test
  void aCopyGoesItsOwnWay() {
    MlpSpec spec = policyAndValue();
    Pcg64 random = new Pcg64(7);
    float[] parameters = parameters(spec, random);
    float[] others = parameters(spec, random);
    Network network = create(spec);
    network.setParameters(parameters);
    Case small = new Case(spec, 7, random);
    network.forward(small.inputs, 7, small.outputs);
    try (Network copy = network.copy()) {
      check(spec, copy, parameters, 16, random);
      copy.setParameters(others);
      check(spec, copy, others, 16, random);

      float[] gradient = filled(parameters.length);
      network.backward(small.outputGradients, gradient, null);
      assertClose(
          "gradient of the original after its copy moved on",
          gradient,
          small.expected(spec, parameters).parameterGradient);
      check(spec, network, parameters, 7, random);
      network.close();
      check(spec, copy, others, 7, random);
    }
  }

  @Test
  void copiesWorkInOtherThreads() throws Exception {
    MlpSpec spec = policyAndValue();
    float[] parameters = parameters(spec, new Pcg64(8));
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try (Network network = create(spec)) {
      network.setParameters(parameters);
      List<Future<?>> checks = new ArrayList<>();
      for (int thread = 0; thread < 3; thread++) {
        Network copy = network.copy();
        Pcg64 random = new Pcg64(thread);
        checks.add(
            threads.submit(
                () -> {
                  try (copy) {
                    for (int i = 0; i < 10; i++) {
                      check(spec, copy, parameters, 1 + 7 * i, random);
                    }
                  }
                }));
      }
      check(spec, network, parameters, 7, new Pcg64(9));
      for (Future<?> done : checks) {
        done.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void closesTwice() {
    Network network = create(policyAndValue());
    network.close();
    network.close();
  }

  @Test
  void saysWhatIsWrongWithACall() {
    MlpSpec spec = policyAndValue();
    int size = spec.layout().size();
    try (Network network = create(spec)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> network.setParameters(new float[size - 1]))
          .withMessageContaining("" + size)
          .withMessageContaining("" + (size - 1));
      network.setParameters(new float[size]);
      assertThatIllegalStateException()
          .isThrownBy(() -> network.backward(new float[70], new float[size], null))
          .withMessageContaining("forward");
      network.forward(new float[spec.inputs()], 1, new float[spec.outputs()]);
      network.setParameters(new float[size]);
      assertThatIllegalStateException()
          .isThrownBy(() -> network.backward(new float[70], new float[size], null))
          .withMessageContaining("call forward after setParameters and before backward");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> network.forward(new float[3], 0, new float[7]))
          .withMessageContaining("batch");
    }
  }

  private static Result run(Network network, Case data) {
    float[] outputs = filled(data.outputs.length);
    float[] parameterGradient = filled(network.layout().size());
    float[] inputGradients = filled(data.inputs.length);
    network.forward(data.inputs, data.batch, outputs);
    network.backward(data.outputGradients, parameterGradient, inputGradients);
    return new Result(outputs, parameterGradient, inputGradients);
  }

  private static void assertClose(String what, float[] actual, double[] expected) {
    assertClose(what, actual, expected, 1);
  }

  /** Holds errors to {@link #TOLERANCE} of the largest value expected, or of {@code magnitude}. */
  private static void assertClose(
      String what, float[] actual, double[] expected, double magnitude) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double scale = magnitude;
    for (double value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    for (int i = 0; i < actual.length; i++) {
      if (!(Math.abs(actual[i] - expected[i]) <= TOLERANCE * scale)) {
        throw new AssertionError(
            what + "[" + i + "] is " + actual[i] + " but should be " + expected[i]);
      }
    }
  }

  /** Equal, where zeros may differ in sign: PyTorch adds to what it has set to zero. */
  private static void assertSameNumbers(String what, float[] actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i] + 0f).as(what).isEqualTo(expected[i] + 0f);
    }
  }

  private static void assertRest(float[] values, int from) {
    for (int i = from; i < values.length; i++) {
      assertThat(values[i]).isEqualTo(UNTOUCHED);
    }
  }

  private static float[] filled(int length) {
    float[] values = new float[length];
    Arrays.fill(values, UNTOUCHED);
    return values;
  }

  private static float[] longer(float[] values) {
    float[] longer = filled(values.length + 50);
    System.arraycopy(values, 0, longer, 0, values.length);
    return longer;
  }

  private static float[] head(float[] values, int length) {
    return Arrays.copyOf(values, length);
  }

  private static final class Case {
    final int batch;
    final float[] inputs;
    final float[] outputs;
    final float[] outputGradients;

    Case(MlpSpec spec, int batch, Pcg64 random) {
      this.batch = batch;
      inputs = gaussian(batch * spec.inputs(), random);
      outputs = filled(batch * spec.outputs());
      outputGradients = gaussian(batch * spec.outputs(), random);
    }

    private static float[] gaussian(int length, Pcg64 random) {
      float[] values = new float[length];
      for (int i = 0; i < length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      return values;
    }

    Expected expected(MlpSpec spec, float[] parameters) {
      ReferenceMlp reference = new ReferenceMlp(spec, parameters);
      double[] wideInputs = ReferenceMlp.widen(inputs);
      double[] parameterGradient = new double[parameters.length];
      double[] inputGradients = new double[inputs.length];
      reference.backward(
          wideInputs,
          batch,
          ReferenceMlp.widen(outputGradients),
          parameterGradient,
          inputGradients);
      return new Expected(reference.forward(wideInputs, batch), parameterGradient, inputGradients);
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Expected(double[] outputs, double[] parameterGradient, double[] inputGradients) {}

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Result(float[] outputs, float[] parameterGradient, float[] inputGradients) {}
}
