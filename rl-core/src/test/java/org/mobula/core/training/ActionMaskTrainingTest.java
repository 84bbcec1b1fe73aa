package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/** Forbidden actions are never taken, neither in training nor in evaluation. */
class ActionMaskTrainingTest {
  @Test
  void forbiddenActionsAreNeverTaken() {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(64).withEpochs(4);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(4), ppo)
            .withStop(StopConfig.defaults().withEnvironmentSteps(4_000));

    EvaluationResult result =
        Trainer.builder(config).environment(Doors::new).build().train().evaluation().orElseThrow();

    assertThat(result.meanReturn()).isGreaterThanOrEqualTo(0);
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
