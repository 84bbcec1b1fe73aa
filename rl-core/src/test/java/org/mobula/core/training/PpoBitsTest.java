package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/**
 * The same seed gives the same policy from version to version: PPO's files as they were first
 * recorded, on x86-64. The bits depend neither on the JDK nor on the width of the vectors.
 */
class PpoBitsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "acrobot-ppo, 1, 8192, f5a33cd52ae56d97",
    "acrobot-ppo, 2, 8192, 51c477eb68a9d378",
    "cartpole-ppo, 1, 2048, 943374b761236564",
    "cartpole-ppo, 2, 2048, e62e65b4b77632fa",
    "mountain-car-ppo, 1, 2048, 83324aa9b693940f",
    "mountain-car-continuous-ppo, 1, 8192, 576b10f05a6863c7",
    "mountain-car-continuous-ppo, 2, 8192, 7fc9ffa342dc4ce4",
    "pendulum-ppo, 1, 8192, a524d30d2ccb12a2",
  })
  void examples(String example, int gradients, long steps, String hash) throws Exception {
    Path file = Path.of("../cli/examples", example + ".yaml");
    TrainingConfig config =
        TrainingConfig.read(
            file,
            "stop.environment-steps=" + steps,
            "workers.gradients=" + gradients,
            "evaluation.episodes=0");
    assertThat(hashOf(Trainer.builder(config))).isEqualTo(hash);
  }

  @ParameterizedTest
  @CsvSource({
    "DOORS, false, 1, 22b62e3ed9217b93",
    "DOORS, true, 2, 8ddaecda08b7e8cd",
    "CHOICES, true, 1, c9f533334e0b5649",
  })
  void masksAndSpaces(World world, boolean normalized, int gradients, String hash)
      throws Exception {
    PpoConfig ppo =
        PpoConfig.defaults()
            .withSteps(32)
            .withMinibatchSize(48)
            .withEpochs(3)
            .withValueClipRange(0.2)
            .withTargetKl(0.05)
            .withEntropyCoefficient(0.01);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(4), ppo)
            .withNormalization(
                NormalizationConfig.defaults().withObservations(normalized).withRewards(normalized))
            .withWorkers(WorkersConfig.defaults().withGradients(gradients))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
            .withStop(StopConfig.defaults().withEnvironmentSteps(1024));
    Trainer.Builder trainer = Trainer.builder(config).environment(world::environment);
    assertThat(hashOf(trainer)).isEqualTo(hash);
  }

  private String hashOf(Trainer.Builder trainer) throws Exception {
    assumeTrue(
        Objects.equals(System.getProperty("os.arch"), "amd64"),
        "the recorded bits are those of the JDK's exp, log, sin and cos on x86-64");
    trainer.directory(folder).build().train();
    byte[] file = Files.readAllBytes(newest().resolve(Policy.FILE_NAME));
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(file);
    return HexFormat.of().formatHex(hash, 0, 8);
  }

  private Path newest() throws Exception {
    return new RunDirectory(folder).latest().orElseThrow();
  }

  /** Where masks, choices and both ends of episodes come together. */
  enum World {
    DOORS,
    CHOICES;

    Environment environment() {
      return this == DOORS ? new Doors() : new IdentityEnvironment(new Discrete(5));
    }
  }

  /**
   * Two choices a step, the first of which must not be taken twice in a row; 7 steps, or an end
   * when both are 0.
   */
  private static final class Doors implements Environment {
    private int last;
    private int steps;

    @Override
    public Space observationSpace() {
      return Box.of(-10, 10, 2);
    }

    @Override
    public Space actionSpace() {
      return new MultiDiscrete(3, 2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      last = 2;
      steps = 0;
      observe(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      step.reward = 3 * action[0] - action[1];
      last = (int) action[0];
      steps++;
      step.terminated = action[0] == 0 && action[1] == 0;
      step.truncated = steps == 7;
      observe(step.observation);
    }

    private void observe(float[] observation) {
      observation[0] = last;
      observation[1] = steps;
    }

    @Override
    public boolean masksActions() {
      return true;
    }

    @Override
    public void actionMask(boolean[] mask) {
      for (int i = 0; i < 3; i++) {
        mask[i] = i != last;
      }
      mask[3] = true;
      mask[4] = true;
    }
  }
}
