package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.djl.BlockSpec;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.NetworkPreset;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Convolutions and users' own blocks train, are saved and act again as perceptrons do. */
class NetworkChoiceTest {
  @TempDir Path directory;

  @Test
  void convolutionsFindTheBrightCorner() throws IOException {
    NetworkConfig network =
        NetworkConfig.defaults()
            .withConvolutions(List.of(new ConvolutionSpec.Convolution(4, 3, 1)))
            .withHidden(List.of(16))
            .withShared(true);
    assertLearnsAndActsAgain(network);
  }

  static List<AlgorithmConfig> algorithmsForImages() {
    return List.of(
        PpoConfig.defaults().withSteps(32).withMinibatchSize(128).withEpochs(2),
        DqnConfig.defaults()
            .withWarmUpSteps(64)
            .withTrainFrequency(8)
            .withDueling(true)
            .withReplay(ReplayConfig.defaults().withCapacity(500)));
  }

  @ParameterizedTest
  @MethodSource("algorithmsForImages")
  void presetsTrainAndActAgain(AlgorithmConfig algorithm) throws IOException {
    TrainingConfig config =
        config(NetworkConfig.defaults().withPreset(NetworkPreset.IMPALA).withOrthogonal(false))
            .withStop(StopConfig.defaults().withEnvironmentSteps(256))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(1))
            .withAlgorithm(algorithm);
    float[] image = new float[16];
    image[5] = 1;
    try (Policy trained =
            Trainer.builder(config)
                .environment(BrightCorner::new)
                .directory(directory)
                .build()
                .train()
                .policy();
        Policy loaded = Policy.load(directory)) {
      assertThat(loaded.act(image)).isEqualTo(trained.act(image));
      assertThat(loaded.spec().network().layout().entry("residual.2.4.bias").size()).isEqualTo(32);
    }
  }

  @Test
  void presetsSayAllOfTheNetwork() throws IOException {
    Path file = directory.resolve("preset.yaml");
    String text =
        """
        environment: {name: MinAtar/Breakout-v1}
        algorithm: ppo
        network: {preset: %s}
        """;
    Files.writeString(file, text.formatted("nature-cnn, orthogonal: false"));
    TrainingConfig read = TrainingConfig.read(file);
    NetworkConfig network = read.network();
    assertThat(network)
        .isEqualTo(
            NetworkConfig.defaults()
                .withPreset(NetworkPreset.NATURE_CNN)
                .withHidden(List.of(512))
                .withActivation(org.mobula.core.network.Activation.RELU)
                .withShared(true)
                .withOrthogonal(false)
                .withConvolutions(ConvolutionSpec.nature()));
    Path written = directory.resolve("written.yaml");
    Files.writeString(written, ConfigWriter.write(read, TrainingConfig.algorithms()));
    assertThat(TrainingConfig.read(written)).isEqualTo(read);
    Files.writeString(file, text.formatted("impala, hidden: [512]"));
    assertThatThrownBy(() -> TrainingConfig.read(file))
        .hasMessageEndingWith(
            "hidden is [512] but must be left out, since network.preset says it: [256]");
    Files.writeString(file, text.formatted("impala, block: com.example.Mine"));
    assertThatThrownBy(() -> TrainingConfig.read(file))
        .hasMessageEndingWith(
            "block is \"com.example.Mine\" but must be left out, or network.preset");
    assertThatThrownBy(
            () ->
                PpoConfig.defaults()
                    .policy(
                        Box.of(0, 1, 4),
                        new Discrete(2),
                        NetworkConfig.defaults().withPreset(NetworkPreset.IMPALA)))
        .hasMessage(
            "network.preset needs observations of shape [channels, height, width] but they are"
                + " Box(4)");
  }

  /** Normalised pixels are small already. */
  @Test
  void whatIsNormalisedIsNotDivided() {
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java"), PpoConfig.defaults())
            .withNetwork(NetworkConfig.defaults().withPreset(NetworkPreset.IMPALA));
    Environment pixels =
        new EnvironmentWrapper(new BrightCorner()) {
          @Override
          public Space observationSpace() {
            return Box.bytes(1, 4, 4);
          }
        };
    for (boolean normalised : new boolean[] {false, true}) {
      TrainingConfig given =
          config.withNormalization(NormalizationConfig.defaults().withObservations(normalised));
      PolicySpec policy = ExperienceSetup.policy(given, () -> pixels);
      assertThat(((ConvolutionSpec) policy.network()).divisor()).isEqualTo(normalised ? 1 : 255);
    }
  }

  @Test
  void blockOfOnesOwnFindsTheBrightCorner() throws IOException {
    assertLearnsAndActsAgain(NetworkConfig.defaults().withBlock(OwnBlock.class.getName()));
  }

  private void assertLearnsAndActsAgain(NetworkConfig network) throws IOException {
    TrainingResult result =
        Trainer.builder(config(network))
            .environment(BrightCorner::new)
            .directory(directory)
            .build()
            .train();

    assertThat(result.evaluation().orElseThrow().meanReturn()).isGreaterThanOrEqualTo(18);
    float[] image = new float[16];
    image[5] = 1;
    try (Policy trained = result.policy();
        Policy loaded = Policy.load(directory)) {
      assertThat(loaded.act(image)).isEqualTo(trained.act(image));
    }
  }

  @Test
  void convolutionsNeedAnImage() {
    NetworkConfig network = NetworkConfig.defaults().withConvolutions(ConvolutionSpec.nature());
    TrainingConfig config =
        config(network).withEnvironment(EnvironmentConfig.defaults("CartPole-v1"));

    assertThatThrownBy(() -> Trainer.builder(config).build())
        .hasMessageStartingWith(
            "network.convolutions need observations of shape [channels, height, width]");
  }

  @Test
  void imagesWithTheirChannelsLastAreRecognised() {
    NetworkConfig network = NetworkConfig.defaults().withConvolutions(ConvolutionSpec.nature());

    assertThatThrownBy(
            () -> PpoConfig.defaults().policy(Box.of(0, 255, 84, 96, 3), new Discrete(2), network))
        .hasMessage(
            "kernel 8 does not fit into the 96 × 3 pixels that reach it of an image of 96 × 3; observation space"
                + " Box(84, 96, 3) looks like [height, width, channels], but convolutions take"
                + " [channels, height, width]: an environment wrapper must put the channels first,"
                + " as Box(3, 84, 96)");
  }

  @Test
  void vectorApiIsForPerceptronsAlone() {
    NetworkConfig network =
        NetworkConfig.defaults()
            .withConvolutions(List.of(new ConvolutionSpec.Convolution(4, 3, 1)))
            .withEngine(NetworkEngine.SIMD);
    Trainer trainer = Trainer.builder(config(network)).environment(BrightCorner::new).build();

    assertThatThrownBy(trainer::train).hasMessageContaining("no multilayer perceptron");
  }

  private static TrainingConfig config(NetworkConfig network) {
    PpoConfig ppo =
        PpoConfig.defaults()
            .withSteps(32)
            .withMinibatchSize(64)
            .withEpochs(4)
            .withDiscount(0)
            .withLearningRate(Schedule.constant(5e-3));
    return TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(8), ppo)
        .withNetwork(network)
        .withSeed(3)
        .withStop(StopConfig.defaults().withEnvironmentSteps(6_000));
  }

  /** A perceptron whose three outputs are two logits and a value. */
  public static final class OwnBlock implements BlockSpec.BlockSupplier {
    private static final long serialVersionUID = 1L;

    @Override
    public Block get() {
      return new SequentialBlock()
          .add(
              inputs ->
                  new ai.djl.ndarray.NDList(inputs.singletonOrThrow().reshape(new Shape(-1, 16))))
          .add(Linear.builder().setUnits(32).build())
          .add(Activation::relu)
          .add(Linear.builder().setUnits(3).build());
    }
  }

  /** A 4 × 4 picture with one bright point: 1 for telling whether it is in the upper half. */
  private static final class BrightCorner implements Environment {
    private Pcg64 random = new Pcg64(0);
    private int place;
    private int steps;

    @Override
    public Space observationSpace() {
      return Box.of(0, 1, 1, 4, 4);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      random = reset.random(random);
      steps = 0;
      draw(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      step.reward = action[0] == (place < 8 ? 0 : 1) ? 1 : 0;
      step.truncated = ++steps == 20;
      draw(step.observation);
    }

    private void draw(float[] observation) {
      java.util.Arrays.fill(observation, 0);
      place = random.nextInt(16);
      observation[place] = 1;
    }
  }
}
