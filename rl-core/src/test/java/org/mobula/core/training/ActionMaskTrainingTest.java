package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.parameters.SafetensorsFile;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.rendering.Episode;
import org.mobula.core.rendering.Player;
import org.mobula.core.space.Box;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Forbidden actions are never taken: in training, in evaluation, and where an episode is shown. */
class ActionMaskTrainingTest {
  @Test
  void forbiddenActionsAreNeverTaken() throws IOException {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(64).withEpochs(4);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(4), ppo)
            .withStop(StopConfig.defaults().withEnvironmentSteps(4_000));

    TrainingResult result = Trainer.builder(config).environment(Doors::new).build().train();
    assertThat(result.evaluation().orElseThrow().meanReturn()).isGreaterThanOrEqualTo(0);

    try (Policy policy = result.policy()) {
      for (Player player : List.of(Player.of(policy), Player.sampling(policy, 3))) {
        Episode episode = Episode.play(new Doors(), player, 5, (environment, soFar) -> true);
        assertThat(episode.length()).isEqualTo(50);
      }
      float[] observation = {1, 1, 1, 1, 1, 1, 1};
      for (int first = 0; first < 3; first++) {
        for (int second = 0; second < 4; second++) {
          boolean[] mask = new boolean[7];
          mask[first] = true;
          mask[3 + second] = true;
          assertThat(policy.act(observation, mask)).containsExactly(first, second);
          assertThat(policy.act(observation, mask, new Pcg64(1))).containsExactly(first, second);
        }
      }
      assertThat(policy.spec().masksActions()).isTrue();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.act(observation))
          .withMessageContaining("give it the environment's mask of 7 flags");
    }
  }

  /** Files of former versions do not say whether there were masks. */
  @Test
  void anOldRunIsResumedAndSaysFromThenOnThatItHadMasks(@TempDir Path folder) throws IOException {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withMinibatchSize(16).withEpochs(1);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(1), ppo)
            .withStop(StopConfig.defaults().withEnvironmentSteps(16));
    Trainer.builder(config).environment(Doors::new).directory(folder).build().train();
    Path checkpoint = new RunDirectory(folder).latest().orElseThrow();
    Path file = checkpoint.resolve(Policy.FILE_NAME);
    SafetensorsFile whole = SafetensorsFile.read(file);
    String text = Objects.requireNonNull(whole.metadata().get("mobula.policy"));
    String old = text.replace("\"masks-actions\":true,", "");
    assertThat(old).isNotEqualTo(text);
    new SafetensorsFile(whole.tensors(), Map.of("mobula.policy", old)).write(file);
    try (Policy policy = Policy.load(folder)) {
      assertThat(policy.spec().masksActions()).isFalse();
      assertThat(policy.act(new float[7])).hasSize(2); // as it always did
    }
    TrainingResult resumed =
        Trainer.builder(config.withStop(StopConfig.defaults().withEnvironmentSteps(32)))
            .environment(Doors::new)
            .resume(Checkpoint.read(checkpoint))
            .build()
            .train();
    try (Policy policy = resumed.policy()) {
      assertThat(policy.spec().masksActions()).isTrue();
    }
  }

  @Test
  void randomPlayerKeepsToWhatIsAllowed() throws IOException {
    Episode episode = Episode.play(new Doors(), Player.random(3), 5, (environment, soFar) -> true);
    assertThat(episode.length()).isEqualTo(50);
  }

  /** Two rows of doors; locked ones change at each step, and trying one is an error. */
  private static final class Doors implements Environment {
    private final boolean[] open = new boolean[7];
    private Pcg64 random = new Pcg64(0);
    private int steps;

    @Override
    public Space observationSpace() {
      return Box.of(0, 1, 7);
    }

    @Override
    public Space actionSpace() {
      return new MultiDiscrete(3, 4);
    }

    @Override
    public boolean masksActions() {
      return true;
    }

    @Override
    public void actionMask(boolean[] mask) {
      System.arraycopy(open, 0, mask, 0, open.length);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      random = reset.random(random);
      steps = 0;
      lock(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      if (!open[(int) action[0]] || !open[3 + (int) action[1]]) {
        throw new IllegalStateException("a locked door was tried");
      }
      step.reward = action[0] == 0 ? 1 : 0;
      step.truncated = ++steps == 50;
      lock(step.observation);
    }

    private void lock(float[] observation) {
      for (int i = 0; i < open.length; i++) {
        open[i] = random.nextBoolean();
      }
      open[random.nextInt(3)] = true;
      open[3 + random.nextInt(4)] = true;
      for (int i = 0; i < open.length; i++) {
        observation[i] = open[i] ? 1 : 0;
      }
    }
  }
}
