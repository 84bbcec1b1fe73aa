package org.mobula.cli.composition;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * Where a trained policy plays.
 *
 * @param maxEpisodeSteps after which an episode is cut off
 */
public record PlayedEnvironment(String name, EnvironmentFactory factory, int maxEpisodeSteps) {
  /** Starts each episode with the same options. */
  private static final class WithResetOptions extends EnvironmentWrapper {
    private final Map<String, Object> options;

    WithResetOptions(Environment inner, Map<String, Object> options) {
      super(inner);
      this.options = options;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      super.reset(new Reset(reset.seed(), options), observation);
    }
  }

  /**
   * The environment that a policy's run is judged in, or another.
   *
   * @param policy file, beside which the run's configuration lies
   * @param environment the other one's name; null for the run's
   */
  public static PlayedEnvironment of(Path policy, @Nullable String environment) {
    Path config = policy.resolveSibling("config.yaml");
    if (environment != null) {
      return new PlayedEnvironment(
          environment,
          ConfiguredEnvironment.isPython(environment) && Files.exists(config)
              ? ConfiguredEnvironment.named(environment, ConfigFiles.read(config))
              : ConfiguredEnvironment.named(environment),
          EvaluationConfig.defaults().maxEpisodeSteps());
    }
    if (!Files.exists(config)) {
      throw CommandFailure.usage(
          "there is no config.yaml beside " + policy + " that names the environment",
          "Name one by --environment.");
    }
    TrainingConfig trained = ConfigFiles.read(config);
    if (!ConfiguredEnvironment.canEvaluate(trained)) {
      throw CommandFailure.usage(
          "other processes played the episodes that the policy was trained in",
          "Name an environment with its spaces by --environment, or let them ask {mobula} serve.");
    }
    String name = ConfiguredEnvironment.evaluationName(trained);
    if (!ConfiguredEnvironment.isName(name)) {
      throw CommandFailure.usage(
          "the policy was %s in \"%s\", which names neither an environment nor a class"
              .formatted(name.equals(trained.environment().id()) ? "trained" : "judged", name),
          "Name its class in full: --environment com.example.MyWorld, with --class-path.");
    }
    EnvironmentFactory factory = ConfiguredEnvironment.ofEvaluation(trained, config, List.of());
    // As the run's own evaluations do: with schedules at their end.
    Map<String, Object> options = trained.environment().resetOptions(1);
    return new PlayedEnvironment(
        name,
        options.isEmpty() ? factory : () -> new WithResetOptions(factory.create(), options),
        trained.evaluation().maxEpisodeSteps());
  }

  /** Refuses a policy that cannot act there. */
  public void requireFit(PolicySpec policy) {
    ConfiguredEnvironment.misfit(policy, name, factory)
        .ifPresent(
            misfit -> {
              throw CommandFailure.usage(
                  misfit,
                  "Leave out --environment to play in the one that the policy was trained in.");
            });
  }
}
