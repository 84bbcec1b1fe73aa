package org.mobula.core.stablebaselines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.network.Activation;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkPreset;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.TrainingConfig;

class ZooSettingsTest {
  @TempDir private Path folder;

  private ZooSettings settings(String algorithm, String environment, String yaml)
      throws IOException {
    Path file = Files.writeString(folder.resolve("settings.yml"), yaml);
    return ZooSettings.read(file, environment, algorithm);
  }

  /** All settings of one environment; what is printed must say the same. */
  private TrainingConfig config(String algorithm, String settings) throws IOException {
    ZooSettings read = settings(algorithm, "Pendulum-v1", "Pendulum-v1:\n" + settings.indent(2));
    assertThat(read.withoutTwin()).isEmpty();
    Path printed = Files.writeString(folder.resolve("ours.yaml"), read.yaml());
    assertThat(TrainingConfig.read(printed)).isEqualTo(read.config());
    return read.config();
  }

  @Test
  void saysWhatRlZooSays() throws IOException {
    TrainingConfig config =
        config(
            "ppo",
            """
            normalize: True
            n_envs: 4
            policy: 'MlpPolicy'
            n_timesteps: !!float 1e6
            n_steps: 512
            batch_size: 32
            gamma: 0.9
            gae_lambda: 0.95
            learning_rate: lin_1e-3
            clip_range: 0.3
            ent_coef: 0.01
            n_epochs: 5
            max_grad_norm: 1
            vf_coef: 0.87
            use_sde: False
            target_kl: 0.02
            policy_kwargs: "dict(
                              log_std_init=-2,
                              ortho_init=False,
                              activation_fn=nn.ELU,
                              net_arch=[dict(pi=[64, 32], vf=[64, 32])],
                            )"
            """);
    PpoConfig ppo = (PpoConfig) config.algorithm();
    assertThat(ppo)
        .isEqualTo(
            PpoConfig.defaults()
                .withSteps(512)
                .withMinibatchSize(32)
                .withDiscount(0.9)
                .withLearningRate(Schedule.linear(1e-3, 0))
                .withClipRange(Schedule.constant(0.3))
                .withEntropyCoefficient(0.01)
                .withEpochs(5)
                .withMaxGradientNorm(1)
                .withValueCoefficient(0.87)
                .withTargetKl(0.02)
                .withInitialLogDeviation(-2));
    assertThat(config.network().hidden()).containsExactly(64, 32);
    assertThat(config.network().activation()).isEqualTo(Activation.ELU);
    assertThat(config.network().orthogonal()).isFalse();
    assertThat(config.normalization()).isEqualTo(new NormalizationConfig(true, true, false, 10));
    assertThat(config.environment().count()).isEqualTo(4);
    assertThat(config.environment().name()).isEqualTo("Pendulum-v1");
    assertThat(config.stop().environmentSteps()).isEqualTo(1_000_000);
  }

  @Test
  void knowsTheOtherAlgorithms() throws IOException {
    SacConfig sac =
        (SacConfig)
            config("sac", "ent_coef: 'auto_0.1'\ntrain_freq: [8, 'step']\ngradient_steps: -1\n")
                .algorithm();
    assertThat(sac.temperature()).isEqualTo(0.1);
    assertThat(sac.automaticTemperature()).isTrue();
    assertThat(sac.trainFrequency()).isEqualTo(8);
    assertThat(sac.gradientSteps()).isEqualTo(-1);
    TrainingConfig td3 = config("td3", "noise_type: normal\nnoise_std: 0.2\nbuffer_size: 1000\n");
    assertThat(((Td3Config) td3.algorithm()).noise()).isEqualTo(new ActionNoise.Gaussian(0.2));
    assertThat(td3.network().hidden()).containsExactly(400, 300);
    assertThat(td3.network().activation()).isEqualTo(Activation.RELU);
    assertThat(td3.normalization().actions()).isTrue();
    assertThat(((Td3Config) config("ddpg", "gamma: 0.9").algorithm()))
        .isEqualTo(Td3Config.ddpg().withDiscount(0.9));
    A2cConfig a2c =
        (A2cConfig)
            config("a2c", "use_rms_prop: False\nnormalize: \"{'norm_obs': True}\"").algorithm();
    assertThat(a2c.optimizer())
        .isEqualTo(new OptimizerConfig.Adam(0.9, 0.999, 1e-5, 0, false, Map.of()));
    ZooSettings dqn =
        settings(
            "dqn",
            "Pong-v5",
            """
            Pong-v5:
              policy: CnnPolicy
              n_timesteps: 10000000
              exploration_fraction: 0.1
              optimize_memory_usage: False
              env_kwargs: {frameskip: 1}
            """);
    assertThat(dqn.withoutTwin()).isEmpty();
    assertThat(dqn.config().network().preset()).isEqualTo(NetworkPreset.NATURE_CNN);
    assertThat(dqn.yaml())
        .isEqualTo(
            """
            algorithm:
              dqn:
                exploration-steps: 1000000
            environment:
              gymnasium: Pong-v5
              options:
                frameskip: 1
            network:
              activation: relu
              convolutions: %s
              hidden: [512]
              orthogonal: false
              preset: nature-cnn
              shared: true
            stop:
              environment-steps: 10000000
            """
                .formatted(
                    dqn.yaml()
                        .lines()
                        .filter(l -> l.contains("convolutions: "))
                        .findFirst()
                        .orElseThrow()
                        .strip()
                        .substring("convolutions: ".length())));
  }

  @Test
  void takesWeakerSettingsFromAnchors() throws IOException {
    ZooSettings settings =
        settings(
            "ppo",
            "Acrobot-v1",
            """
            base: &base
              gamma: 0.9
              n_steps: 16
            further: &further
              <<: *base
              gamma: 0.8
            Acrobot-v1:
              <<: *further
              n_epochs: 4
            """);
    assertThat(settings.config().algorithm())
        .isEqualTo(PpoConfig.defaults().withDiscount(0.8).withSteps(16).withEpochs(4));
  }

  @Test
  void saysWhichKeysHaveNoTwin() throws IOException {
    ZooSettings settings =
        settings(
            "ppo",
            "CartPole-v1",
            """
            CartPole-v1:
              use_sde: True
              sde_sample_freq: 4
              frame_stack: 4
              env_wrapper: [sb3_contrib.common.wrappers.TimeFeatureWrapper]
              learning_rate: cosine_0.1
              policy: MultiInputPolicy
              policy_kwargs: "dict(net_arch=dict(pi=[64], vf=[32]), activation_fn=nn.LeakyReLU, full_std=False)"
              normalize: "dict(norm_obs=True, norm_reward=True, clip_reward=5, epsilon=1e-4)"
              env_kwargs: "dict(sutton_barto_reward=True)"
            """);
    assertThat(settings.withoutTwin())
        .containsOnly(
            Map.entry("use_sde", "no policy here explores by noise that depends on the state"),
            Map.entry("frame_stack", "nothing here is like it"),
            Map.entry("env_wrapper", "nothing here is like it"),
            Map.entry(
                "learning_rate", "it is cosine_0.1; numbers and straight lines are taken over"),
            Map.entry("policy", "it is MultiInputPolicy, not MlpPolicy or CnnPolicy"),
            Map.entry(
                "policy_kwargs.net_arch", "policy and values have the same hidden widths here"),
            Map.entry("policy_kwargs.activation_fn", "no activation here is like LeakyReLU"),
            Map.entry("policy_kwargs.full_std", "nothing here is like it"),
            Map.entry("normalize.clip_reward", "one number clips observations and rewards here"),
            Map.entry("normalize.epsilon", "nothing here is like it"),
            Map.entry("env_kwargs", "options here have other names; see environment.options"));
    ZooSettings freq = settings("td3", "X-v1", "X-v1: {train_freq: \"(1, 'episode')\"}");
    assertThat(freq.withoutTwin())
        .containsOnly(
            Map.entry(
                "train_freq", "learning here comes after a number of steps, not after an episode"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dict(a=__import__('os').system('true'))",
        "dict(a=open('x'))",
        "[1, 2",
        "{1: 2}",
        "(lambda: 1)()",
        "[x for x in y]",
        "dict(a=1)(2)",
        "{'a': 'b\\\\'c'}"
      })
  void evaluatesNothing(String text) throws IOException {
    ZooSettings settings =
        settings("ppo", "CartPole-v1", "CartPole-v1:\n  policy_kwargs: |\n    " + text);
    assertThat(settings.withoutTwin())
        .containsOnlyKeys("policy_kwargs")
        .containsValue("it is %s, not a dictionary".formatted(text));
  }

  @Test
  void saysWhyAFileCannotBeRead() throws IOException {
    Path file = folder.resolve("settings.yml");
    assertThatThrownBy(() -> settings("ppo", "CartPole-v0", "CartPole-v1: {gamma: 0.9}"))
        .hasMessage(file + " has no settings of CartPole-v0; did you mean CartPole-v1?");
    assertThatThrownBy(() -> settings("trpo", "CartPole-v1", "CartPole-v1: {}"))
        .hasMessage("the algorithm is trpo but must be one of a2c, ddpg, dqn, ppo, sac, td3");
    assertThatThrownBy(() -> settings("ppo", "CartPole-v1", "CartPole-v1: {gamma: 2}"))
        .hasMessageStartingWith(file + ", CartPole-v1: discount is 2");
    assertThatThrownBy(() -> settings("ppo", "CartPole-v1", "CartPole-v1: {gamma: [}"))
        .hasMessageStartingWith(file + " is not valid YAML: ");
    assertThatThrownBy(() -> settings("ppo", "CartPole-v1", "[1, 2]"))
        .hasMessage(file + " is no mapping from environments to settings");
  }
}
