package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.djl.BlockSpec;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
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
            "kernel 8 does not fit into the 96 × 3 pixels that reach it; observation space"
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
