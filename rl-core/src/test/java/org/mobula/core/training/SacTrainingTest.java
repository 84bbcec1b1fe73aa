package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class SacTrainingTest extends AlgorithmContract {
  /** All that there is: noise, priorities, three steps, a memory that runs over, late targets. */
  @Override
  protected SacConfig busy() {
    return SacConfig.defaults()
        .withTrainFrequency(8)
        .withGradientSteps(2)
        .withWarmUpSteps(200)
        .withMinibatchSize(32)
        .withTargetInterval(3)
        .withMaxGradientNorm(5)
        .withNoise(ActionNoise.Pink.defaults())
        .withReplay(
            ReplayConfig.defaults().withCapacity(600).withReturnSteps(3).withPriorityExponent(0.6));
  }

  @Override
  protected SacConfig quick() {
    return SacConfig.defaults()
        .withTrainFrequency(2)
        .withGradientSteps(1)
        .withMinibatchSize(64)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(3e-3))
        .withReplay(ReplayConfig.defaults().withCapacity(2000));
  }

  @Override
  protected String environment() {
    return "Pendulum-v1";
  }

  @Override
  protected List<Space> spaces() {
    return List.of(Box.of(-1, 1, 1), new Discrete(4));
  }

  private static TrainingConfig config(SacConfig sac, long steps) {
    return TrainingConfig.defaults(EnvironmentConfig.defaults("Pendulum-v1"), sac)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
  }

  @Test
  void learnsCriticsAndATemperatureBesideThePolicy(@TempDir Path directory) throws IOException {
    TrainingResult result =
        Trainer.builder(config(busy(), 2000)).directory(directory).build().train();
    Checkpoint checkpoint = Checkpoint.read(directory);
    try (Policy policy = result.policy()) {
      assertThat(policy.spec().head()).isEqualTo(new PolicyHead.Squashed());
      ParameterLayout layout = config(busy(), 2000).layout(policy.spec());
      assertThat(layout.networks()).containsExactly("policy", "critics", "temperature");
      assertThat(layout.entry("critics.critic-2.0.weight").shape()).containsExactly(64, 4);
      float[] saved = checkpoint.store().parameters().values();
      assertThat(saved).hasSize(layout.size());
      assertThat(policy.snapshot().parameters().values()).hasSize(layout.to("policy"));
      assertThat(saved[layout.from("temperature")]).as("log α").isNegative();
      float[] steps = Objects.requireNonNull(checkpoint.store().moments().get("step"));
      assertThat(steps[layout.from("critics")]).isEqualTo(steps[0]).isGreaterThan(100);
    }
  }

  @Test
  void refusesACheckpointWhoseNetworksAreNotThoseOfTheRun(@TempDir Path directory)
      throws IOException {
    Trainer.builder(config(busy(), 1000)).directory(directory).build().train();
    Checkpoint whole = Checkpoint.read(directory);
    int policyAndCritics = whole.store().parameters().values().length - 1;
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Trainer.builder(config(busy().withAutomaticTemperature(false), 2000))
                    .resume(whole)
                    .build())
        .withMessage(
            "the checkpoint's networks have %s parameters but this run's, [policy, critics], have %s: take the checkpoint whole, with networks.safetensors, and the settings that it was trained with"
                .formatted(policyAndCritics + 1, policyAndCritics));
    Path file = new RunDirectory(directory).latest().orElseThrow().resolve("networks.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 4));
    assertThatIOException()
        .isThrownBy(() -> Checkpoint.read(directory))
        .withMessageContaining("networks.safetensors");
    Files.delete(file);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Trainer.builder(config(busy(), 2000)).resume(Checkpoint.read(directory)).build())
        .withMessageContaining("this run's, [policy, critics, temperature], have");
  }

  @Test
  void aFixedTemperatureIsNoNetwork() {
    SacConfig sac = busy().withAutomaticTemperature(false).withTemperature(0.1);
    Map<String, Double> last = new TreeMap<>();
    Trainer.builder(config(sac, 1000)).listener(keeping(last)).build().train();
    assertThat(last.get("exploration/temperature")).isCloseTo(0.1, within(1e-6));
    assertThat(last)
        .containsKeys(
            "loss/value",
            "loss/policy",
            "policy/entropy",
            "value/mean",
            "optimizer/gradient_norm",
            "optimizer/critics_gradient_norm",
            "replay/transitions");
  }

  private static TrainingListener keeping(Map<String, Double> last) {
    return new TrainingListener() {
      @Override
      public void onIteration(TrainingProgress progress, Map<String, Double> measured) {
        last.putAll(measured);
      }
    };
  }

  @Test
  void saysWhatItIsNotFor() {
    Space box = Box.of(-1, 1, 2);
    NetworkConfig network = NetworkConfig.defaults();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SacConfig.defaults().policy(box, new MultiDiscrete(3), network))
        .withMessage(
            "algorithm.sac moves numbers between bounds, so it needs a Box action space with finite"
                + " ones, but actions are in MultiDiscrete(3); use algorithm.ppo or algorithm.a2c, or"
                + " where it is Discrete algorithm.dqn or algorithm.sac");
    assertThatThrownBy(() -> busy().policy(box, new Discrete(3), network))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage(
            "noise is {pink: {deviation: 0.3}} but must be left out where actions are choices"
                + " (Discrete(3)): it is added to numbers in a box");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SacConfig.defaults().policy(box, Box.unbounded(1), network))
        .withMessageEndingWith("; use algorithm.ppo or algorithm.a2c");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SacConfig.defaults().policy(box, box, network.withBlock("example.Block")))
        .withMessageContaining(
            "leave network.preset, network.convolutions, network.residual and network.block out");
  }

  @Test
  void saysWhatIsWrongWithASetting() {
    assertThatThrownBy(() -> SacConfig.defaults().withGradientSteps(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("gradient-steps is 0 but must be -1, or 1 or more");
    assertThatThrownBy(() -> SacConfig.defaults().withTemperature(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("temperature");
    assertThatThrownBy(() -> SacConfig.defaults().withCritics(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("critics");
    assertThatThrownBy(() -> new ActionNoise.OrnsteinUhlenbeck(0.5, 0.15, 0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("time-step");
  }

  /** Reward 1 at each step and no end but the time limit: 1 / (1 − γ) = 10, in each critic. */
  @Test
  void bootstrapsWhereAnEpisodeIsCutOff() {
    SacConfig sac =
        SacConfig.defaults()
            .withTrainFrequency(2)
            .withMinibatchSize(64)
            .withDiscount(0.9)
            .withLearningRate(Schedule.linear(3e-3, 1e-4))
            .withTargetRate(0.05)
            .withAutomaticTemperature(false)
            .withTemperature(1e-6)
            .withReplay(ReplayConfig.defaults().withCapacity(3000).withReturnSteps(2));
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java"), sac)
            .withNetwork(
                NetworkConfig.defaults().withHidden(List.of(32)).withActivation(Activation.RELU))
            .withStop(StopConfig.defaults().withEnvironmentSteps(4000))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    Map<String, Double> last = new TreeMap<>();
    Trainer.builder(config)
        .environment(SteadyEnvironment::new)
        .listener(keeping(last))
        .build()
        .train();
    assertThat(last.get("value/mean")).isBetween(9.5, 10.5);
  }
}
