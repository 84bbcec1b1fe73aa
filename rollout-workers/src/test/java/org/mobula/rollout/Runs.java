package org.mobula.rollout;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Small runs and what came of them. */
final class Runs {
  private Runs() {}

  /** PPO for eight iterations, with four environments and without workers. */
  static TrainingConfig config(String environment) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(32).withEpochs(2);
    return TrainingConfig.defaults(EnvironmentConfig.defaults(environment).withCount(4), ppo)
        .withSeed(5)
        .withNormalization(new NormalizationConfig(true, true, true, 10))
        .withStop(StopConfig.defaults().withEnvironmentSteps(1024))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
  }

  static ExperienceSetup setup(TrainingConfig config, EnvironmentFactory factory) {
    try (Environment environment = factory.create()) {
      PolicySpec policy =
          config
              .algorithm()
              .policy(environment.observationSpace(), environment.actionSpace(), config.network());
      return new ExperienceSetup(config, policy, factory);
    }
  }

  /** Some policy, another one for each version. */
  static PolicySnapshot policy(ExperienceSetup setup, long version) {
    float[] values = setup.policy().network().initialParameters(new Pcg64(version));
    int features = setup.policy().observationSpace().flatSize();
    return new PolicySnapshot(
        new ParameterSnapshot(version, values),
        ObservationNormalizer.of(new RunningStatistics(features), 10));
  }

  /** All that a learner reads. */
  static byte[] content(Experience rollout) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      SavedExperience.write(rollout, new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  static TrainingListener measurements(List<Map<String, Double>> all) {
    return new TrainingListener() {
      @Override
      public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
        all.add(new TreeMap<>(measurements));
      }
    };
  }
}
