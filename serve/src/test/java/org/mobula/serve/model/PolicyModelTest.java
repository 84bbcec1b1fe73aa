package org.mobula.serve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.pqn.PqnConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ActionEvaluation;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.serve.PolicyServer;
import org.mobula.serve.batch.BatchingConfig;

final class PolicyModelTest {
  private static final Map<String, Object> SAMPLED = Map.of("deterministic", false, "seed", 7L);

  private static Tensor observations(int rows, int size) {
    Pcg64 random = new Pcg64(3);
    float[] values = new float[rows * size];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() * 4 - 1;
    }
    return Tensor.of("observation", values, rows, size);
  }

  private static List<Tensor> compute(Model model, Tensor input, Map<String, Object> parameters) {
    try (ModelRunner runner = model.runner()) {
      return runner.compute(
          new Batch(List.of(input), List.of(new Batch.Request(input.rows(), parameters))));
    }
  }

  @Test
  void actsAsThePolicyItself() {
    PolicyModel model = Policies.continuous(1);
    Tensor input = observations(5, 3);
    List<Tensor> outputs = compute(model, input, Map.of());
    assertThat(outputs).extracting(Tensor::name).containsExactly("action", "log_probability");
    try (Policy policy = new Policy(model.spec(), model.snapshot(), model.engine())) {
      for (int row = 0; row < 5; row++) {
        float[] expected = policy.act(input.rows(row, 1).floats());
        assertThat(outputs.get(0).rows(row, 1).floats()).containsExactly(expected, within(1e-5f));
      }
    }
  }

  /** A choice counts from its first value, and a mask has flags for the choices alone. */
  @Test
  void servesActionsOfSeveralParts() {
    Space actions = Tuple.of(Box.of(-1, 1, 1), new Discrete(2, 10), new MultiDiscrete(2, 3));
    PolicyModel plain = Policies.model(Box.unbounded(3), actions, 1 + 2 + 5 + 1, true, 1);
    PolicyModel model =
        new PolicyModel(plain.spec().withMasksActions(true), plain.snapshot(), plain.engine());
    assertThat(model.signature().outputs().get(0).datatype()).isEqualTo(Datatype.FP32);
    byte[] flags = {0, 1, 1, 0, 0, 0, 1};
    Tensor mask = new Tensor("mask", Datatype.BOOL, flags, new int[] {1, 7});
    try (ModelRunner runner = model.runner()) {
      List<Tensor> inputs = List.of(observations(1, 3), mask);
      model.check(inputs, Map.of());
      Batch batch = new Batch(inputs, List.of(new Batch.Request(1, Map.of())));
      assertThat(runner.compute(batch).get(0).floats()).hasSize(4).endsWith(11, 0, 2);
    }
    flags[0] = 1;
    flags[6] = 0;
    assertThatThrownBy(() -> model.check(List.of(observations(1, 3), mask), Map.of()))
        .hasMessageContaining("row 0 of input 'mask' allows none of 3 choices");
  }

  static Stream<Arguments> heads() {
    Box box = Box.of(-0.5f, 0.5f, 2);
    return Stream.of(
        arguments(new PolicyHead.Sampled(), box, 4),
        arguments(new PolicyHead.Squashed(), box, 4),
        arguments(new PolicyHead.Deterministic(), box, 2),
        arguments(new PolicyHead.Greedy(), new Discrete(3), 3));
  }

  /** Actions, log-probabilities and values, the most likely ones and drawn ones. */
  @ParameterizedTest
  @MethodSource("heads")
  void readsOutputsAsThePolicyItself(PolicyHead head, Space actions, int outputs) {
    PolicyModel plain = Policies.model(Box.unbounded(3), new Discrete(outputs), outputs, false, 1);
    PolicySpec spec =
        new PolicySpec(Box.unbounded(3), actions, plain.spec().network(), head)
            .withScaledActions(true);
    PolicyModel model = new PolicyModel(spec, plain.snapshot(), plain.engine());
    Tensor input = observations(1, 3);
    try (Policy policy = new Policy(spec, model.snapshot(), model.engine())) {
      ActionEvaluation likely = policy.evaluate(input.floats());
      ActionEvaluation drawn = policy.evaluate(input.floats(), null, new Pcg64(7));
      requireSame(compute(model, input, Map.of()), likely);
      requireSame(compute(model, input, Map.of("deterministic", false, "seed", 7L)), drawn);
    }
  }

  private static void requireSame(List<Tensor> answered, ActionEvaluation expected) {
    Tensor action = answered.get(0);
    if (action.datatype() == Datatype.INT64) {
      assertThat((long[]) action.data()).containsExactly((long) expected.action()[0]);
    } else {
      assertThat(action.floats()).containsExactly(expected.action(), within(1e-5f));
    }
    assertThat(answered.get(1).floats()[0]).isCloseTo(expected.logProbability(), within(1e-5f));
    assertThat(answered).hasSize(expected.value() == null ? 2 : 3);
    Float value = expected.value();
    if (value != null) {
      assertThat(answered.get(2).floats()[0]).isCloseTo(value, within(1e-5f));
    }
  }

  static Stream<Arguments> algorithms() {
    DqnConfig dqn = DqnConfig.defaults().withWarmUpSteps(32);
    SacConfig sac = SacConfig.defaults().withMinibatchSize(16);
    return Stream.of(
        arguments("CartPole-v1", A2cConfig.defaults()),
        arguments("Pendulum-v1", A2cConfig.defaults()),
        arguments("CartPole-v1", dqn),
        arguments("CartPole-v1", dqn.withDueling(true)),
        arguments("CartPole-v1", dqn.withValues(new ActionValues.CategoricalReturns(11, 0, 50))),
        arguments("CartPole-v1", dqn.withValues(new ActionValues.QuantileReturns(5))),
        arguments("CartPole-v1", PpoConfig.defaults().withSteps(64)),
        arguments("CartPole-v1", PqnConfig.defaults().withSteps(32)),
        arguments("CartPole-v1", sac),
        arguments("Pendulum-v1", sac),
        arguments("Pendulum-v1", Td3Config.defaults().withMinibatchSize(16)));
  }

  /** What was trained for a moment is served, and loaded in Java, from its run directory. */
  @ParameterizedTest
  @MethodSource("algorithms")
  void servesWhatEveryAlgorithmLearnt(
      String environment, AlgorithmConfig algorithm, @TempDir Path run) throws IOException {
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults(environment), algorithm)
            .withNetwork(NetworkConfig.defaults().withHidden(List.of(8)))
            .withNormalization(NormalizationConfig.defaults().withObservations(true))
            .withStop(StopConfig.defaults().withEnvironmentSteps(128))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    Trainer.builder(config).directory(run).build().train();
    PolicyModel model = PolicyModel.load(run);
    try (Policy policy = Policy.load(run)) {
      Tensor input = observations(1, policy.spec().observationSpace().size());
      requireSame(compute(model, input, Map.of()), policy.evaluate(input.floats()));
      requireSame(
          compute(model, input, SAMPLED), policy.evaluate(input.floats(), null, new Pcg64(7)));
    }
  }

  @Test
  void aPolicyThatHasDivergedAnswersNothing() {
    PolicyModel sound = Policies.cartPole(1);
    float[] parameters = new float[sound.snapshot().parameters().values().length];
    Arrays.fill(parameters, Float.NaN);
    PolicyModel diverged =
        new PolicyModel(
            sound.spec(),
            new PolicySnapshot(new ParameterSnapshot(2, parameters), sound.snapshot().normalizer()),
            sound.engine());
    assertThatThrownBy(() -> compute(diverged, observations(2, 4), Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "output 0 of the policy's network is NaN for row 0: its parameters have diverged, or"
                + " the observation is far beyond those of its training; serve an earlier"
                + " checkpoint");
    assertThatThrownBy(
            () ->
                PolicyServer.builder()
                    .port(0)
                    .model("diverged", diverged, BatchingConfig.defaults())
                    .start())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("diverged/1 cannot be started")
        .hasMessageContaining("its parameters have diverged");
  }

  @Test
  void discreteActionsAreTheIntegersOfTheirSpace() {
    PolicyModel model = Policies.model(Box.unbounded(4), new Discrete(3, 10), 3, true, 2);
    List<Tensor> outputs = compute(model, observations(200, 4), SAMPLED);
    assertThat(outputs)
        .extracting(Tensor::toString)
        .containsExactly("action INT64 [200]", "log_probability FP32 [200]", "value FP32 [200]");
    assertThat((long[]) outputs.get(0).data()).contains(10, 11, 12).doesNotContain(0, 1, 2, 13);
    assertThat(model.signature().outputs())
        .containsExactly(
            new TensorSpec("action", Datatype.INT64, List.of(-1)),
            new TensorSpec("log_probability", Datatype.FP32, List.of(-1)),
            new TensorSpec("value", Datatype.FP32, List.of(-1)));
  }

  @Test
  void seededSamplesAreTheSameWhateverElseIsInTheBatch() {
    PolicyModel model = Policies.cartPole(1);
    Tensor mine = observations(6, 4);
    List<Tensor> alone = compute(model, mine, SAMPLED);
    try (ModelRunner runner = model.runner()) {
      List<Tensor> together =
          runner.compute(
              new Batch(
                  List.of(Tensor.concatenate(List.of(observations(3, 4), mine))),
                  List.of(
                      new Batch.Request(3, Map.of("deterministic", false)),
                      new Batch.Request(6, SAMPLED))));
      assertThat((long[]) together.get(0).rows(3, 6).data())
          .containsExactly((long[]) alone.get(0).data());
    }
  }

  @Test
  void logProbabilitiesAreThoseOfTheDistribution() {
    List<Tensor> outputs = compute(Policies.cartPole(1), observations(50, 4), SAMPLED);
    for (float value : outputs.get(1).floats()) {
      assertThat(value).isBetween(-20f, 0f);
    }
  }

  @Test
  void imagesKeepTheirShape() {
    PolicyModel model = Policies.model(Box.of(0, 1, 1, 2, 3), new MultiBinary(3), 3, false, 1);
    assertThat(model.signature().inputs().get(0).shape()).containsExactly(-1, 1, 2, 3);
    assertThat(model.signature().outputs().get(0).shape()).containsExactly(-1, 3);
  }

  @Test
  void saysWhatIsWrong() {
    PolicyModel model = Policies.cartPole(1);
    List<Tensor> good = List.of(observations(1, 4));
    model.check(good, Map.of("deterministic", true));
    assertRefused(
        () -> model.check(good, Map.of("determinstic", true)),
        "there is no parameter 'determinstic'; did you mean 'deterministic'?");
    assertRefused(
        () -> model.check(good, Map.of("deterministic", 1L)),
        "parameter 'deterministic' is 1 but must be true or false");
    assertRefused(
        () -> model.check(good, Map.of("seed", "x")),
        "parameter 'seed' is x but must be a whole number of 64 bits");
    Tensor bad = Tensor.of("observation", new float[] {0, 0, Float.NaN, 0}, 1, 4);
    assertRefused(
        () -> model.check(List.of(bad), Map.of()),
        "element 2 of input 'observation' is NaN but must be a finite number");
    PolicyModel discrete = Policies.model(new Discrete(5), new Discrete(2), 2, false, 1);
    assertRefused(
        () -> discrete.check(List.of(Tensor.of("observation", new float[] {5}, 1, 1)), Map.of()),
        "row 0 of input 'observation' is no encoding of a value in Discrete(5)");
  }

  @Test
  void theSignatureSaysWhatDoesNotFit() {
    Signature signature = Policies.cartPole(1).signature();
    assertRefused(() -> signature.check(List.of()), "input 'observation' is missing");
    assertRefused(
        () -> signature.check(List.of(Tensor.of("observations", new float[4], 1, 4))),
        "there is no input 'observations'; did you mean 'observation'?");
    assertRefused(
        () -> signature.check(List.of(Tensor.of("observation", new float[5], 1, 5))),
        "input 'observation' has shape [1, 5] but must have [-1, 4]"
            + " (-1 is any number of rows from 1)");
    assertRefused(
        () -> signature.check(List.of(Tensor.of("observation", new float[0], 0, 4))),
        "input 'observation' has shape [0, 4] but must have [-1, 4]"
            + " (-1 is any number of rows from 1)");
    assertRefused(
        () ->
            signature.check(List.of(new Tensor("observation", Datatype.FP64, new double[4], 1, 4))),
        "input 'observation' is of datatype FP64 but must be FP32");
    assertRefused(
        () -> signature.checkOutput("actions"),
        "there is no output 'actions'; did you mean 'action'?");
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(InvalidInputException.class).hasMessage(message);
  }
}
