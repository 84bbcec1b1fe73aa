package consumer;

import java.util.Map;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.policy.Policy;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;

/** Two learners share parameters in two shards. */
public final class Main {
  public static void main(String[] arguments) {
    EnvironmentFactory cartPole = EnvironmentCatalogue.standard().factory("CartPole-v1", Map.of());
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1"), PpoConfig.defaults().withSteps(64))
            .withStop(StopConfig.defaults().withEnvironmentSteps(1_024));
    ServerConfig server = ServerConfig.defaults().withShards(2).withLearners(2);
    try (TaskRuntime runtime = LocalTaskRuntime.builder().build();
        ParameterServer shards = ParameterServer.on(runtime, server, cartPole)) {
      TrainingResult result =
          Trainer.builder(config)
              .environment(cartPole)
              .learners(server.learners())
              .store(shards)
              .build()
              .train();
      try (Policy policy = result.policy()) {
        float action = policy.act(new float[] {0, 0, 0.1f, 0})[0];
        if (result.progress().environmentSteps() < 1_024 || action != 0 && action != 1) {
          throw new AssertionError(result.reason() + ", action " + action);
        }
      }
    }
    System.out.println("param-server: passed");
  }
}
