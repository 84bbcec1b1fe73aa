package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class Td3TrainingTest extends AlgorithmContract {
  /** All that there is: noise, priorities, three steps, a memory that runs over. */
  @Override
  protected Td3Config busy() {
    return Td3Config.defaults()
        .withTrainFrequency(8)
        .withGradientSteps(2)
        .withWarmUpSteps(200)
        .withMinibatchSize(32)
        .withPolicyDelay(3)
        .withMaxGradientNorm(5)
        .withNoise(ActionNoise.Pink.defaults())
        .withReplay(
            ReplayConfig.defaults().withCapacity(600).withReturnSteps(3).withPriorityExponent(0.6));
  }

  @Override
  protected Td3Config quick() {
    return Td3Config.defaults()
        .withTrainFrequency(2)
        .withGradientSteps(1)
        .withMinibatchSize(64)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(3e-3))
        .withNoise(ActionNoise.Gaussian.defaults())
        .withReplay(ReplayConfig.defaults().withCapacity(2000));
  }

  @Override
  protected String environment() {
    return "Pendulum-v1";
  }

  @Override
  protected List<Space> spaces() {
    return List.of(Box.of(-1, 1, 1));
  }

  private static TrainingConfig config(Td3Config td3, long steps) {
    return TrainingConfig.defaults(EnvironmentConfig.defaults("Pendulum-v1"), td3)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
  }

  @Test
  void learnsCriticsBesideThePolicy(@TempDir Path directory) throws IOException {
    TrainingResult result =
        Trainer.builder(config(busy(), 2000)).directory(directory).build().train();
    Checkpoint checkpoint = Checkpoint.read(directory);
    try (Policy policy = result.policy()) {
      assertThat(policy.spec().head()).isEqualTo(new PolicyHead.Deterministic());
      ParameterLayout layout = config(busy(), 2000).layout(policy.spec());
      assertThat(layout.networks()).containsExactly("policy", "critics");
      float[] steps = Objects.requireNonNull(checkpoint.store().moments().get("step"));
      assertThat(steps[layout.from("critics")]).isBetween(3 * steps[0], 3 * steps[0] + 2);
      assertThat(policy.act(new float[3], new Pcg64(1))).isEqualTo(policy.act(new float[3]));
    }
  }

  /** The plain case learns, too: one critic, no noise on targets, a policy without delay. */
  @Test
  void deepDeterministicPolicyGradientsLearnWhatTheySee() {
    Td3Config ddpg =
        Td3Config.ddpg()
            .withTrainFrequency(2)
            .withMinibatchSize(64)
            .withDiscount(0)
            .withLearningRate(Schedule.constant(3e-3))
            .withNoise(ActionNoise.OrnsteinUhlenbeck.defaults())
            .withReplay(ReplayConfig.defaults().withCapacity(2000));
    TrainingConfig config =
        config(ddpg, 2000).withEvaluation(EvaluationConfig.defaults().withEpisodes(10));
    EvaluationResult result =
        Trainer.builder(config)
            .environment(() -> new IdentityEnvironment(Box.of(-1, 1, 1)))
            .build()
            .train()
            .evaluation()
            .orElseThrow();
    assertThat(result.meanReturn()).isGreaterThanOrEqualTo(90);
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
        .isThrownBy(() -> Td3Config.defaults().policy(box, new Discrete(3), network))
        .withMessage(
            "algorithm.td3 moves numbers between bounds, so it needs a Box action space with finite"
                + " ones, but actions are in Discrete(3); use algorithm.ppo or algorithm.a2c, or"
                + " where it is Discrete algorithm.dqn or algorithm.sac");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Td3Config.defaults().policy(box, Box.unbounded(1), network))
        .withMessageEndingWith("; use algorithm.ppo or algorithm.a2c");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Td3Config.defaults().policy(box, box, network.withBlock("example.Block")))
        .withMessageContaining(
            "leave network.preset, network.convolutions, network.residual and network.block out");
  }

  @Test
  void saysWhatIsWrongWithASetting() {
    assertThatThrownBy(() -> Td3Config.defaults().withGradientSteps(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("gradient-steps is 0 but must be -1, or 1 or more");
    assertThatThrownBy(() -> Td3Config.defaults().withPolicyDelay(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("policy-delay");
    assertThatThrownBy(() -> Td3Config.defaults().withCritics(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("critics");
    assertThatThrownBy(() -> new ActionNoise.OrnsteinUhlenbeck(0.5, 0.15, 0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("time-step");
  }

  /** Reward 1 at each step and no end but the time limit: 1 / (1 − γ) = 10, in each critic. */
  @Test
  void bootstrapsWhereAnEpisodeIsCutOff() {
    Td3Config td3 =
        Td3Config.defaults()
            .withTrainFrequency(2)
            .withMinibatchSize(64)
            .withDiscount(0.9)
            .withLearningRate(Schedule.linear(3e-3, 1e-4))
            .withTargetRate(0.05)
            .withReplay(ReplayConfig.defaults().withCapacity(3000).withReturnSteps(2));
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java"), td3)
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
