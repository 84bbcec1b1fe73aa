package consumer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;
import org.mobula.rollout.RolloutWorkers;

/** Trains with two workers, twice: the same seed brings the same. */
public final class Main {
  public static void main(String[] arguments) {
    String first = train();
    String second = train();
    if (!first.equals(second) || !first.startsWith("1024 steps")) {
      throw new AssertionError(first + ", then " + second);
    }
    System.out.println("rollout-workers: passed");
  }

  private static String train() {
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1").withCount(4),
                PpoConfig.defaults().withSteps(64))
            .withStop(StopConfig.defaults().withEnvironmentSteps(1_024))
            .withWorkers(WorkersConfig.defaults().withCount(2));
    List<String> failures = Collections.synchronizedList(new ArrayList<>());
    try (TaskRuntime runtime = LocalTaskRuntime.builder().build()) {
      TrainingResult result =
          Trainer.builder(config)
              .experience(RolloutWorkers.on(runtime, failure -> failures.add(failure.message())))
              .build()
              .train();
      try (Policy policy = result.policy()) {
        return "%d steps, %d episodes, actions %s and %s, failures %s"
            .formatted(
                result.progress().environmentSteps(),
                result.progress().episodes(),
                policy.act(new float[] {0, 0, 0.1f, 0})[0],
                policy.act(new float[] {0, 0, -0.1f, 0})[0],
                failures);
      }
    }
  }
}
