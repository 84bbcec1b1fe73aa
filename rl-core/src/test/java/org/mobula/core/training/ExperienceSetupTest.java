package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.NormalizeObservation;
import org.mobula.core.environment.NormalizeReward;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class ExperienceSetupTest {
  private static TrainingConfig config(long seed) {
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("test").withCount(8), PpoConfig.defaults().withSteps(32))
        .withSeed(seed)
        .withNormalization(new NormalizationConfig(true, false, true, 10));
  }

  private static ExperienceSetup setup(TrainingConfig config, EnvironmentFactory factory) {
    return new ExperienceSetup(config, ExperienceSetup.policy(config, factory), factory);
  }

  @Test
  void neighbouringRunsShareNoEnvironment() {
    List<Long> all = new ArrayList<>();
    for (long seed = 0; seed < 8; seed++) {
      all.addAll(seeds(seed, 1));
    }
    assertThat(all).hasSize(64).doesNotHaveDuplicates();
  }

  @Test
  void anEnvironmentHasTheSameSeedWhoeverItBelongsTo() {
    assertThat(seeds(3, 2)).isEqualTo(seeds(3, 1));
    assertThat(seeds(3, 8)).isEqualTo(seeds(3, 1));
  }

  private static List<Long> seeds(long runSeed, int shares) {
    List<Long> seeds = new ArrayList<>();
    ExperienceSetup setup = setup(config(runSeed), () -> new Recorder(seeds));
    for (int share = 0; share < shares; share++) {
      setup.collector(share, shares).close();
    }
    return seeds;
  }

  @Test
  void theFirstRolloutIsNormalisedByWhatItHasSeen() {
    ExperienceSetup setup = setup(config(1), Far::new);
    try (RolloutCollector collector = setup.collector(0, 1)) {
      Experience experience = collector.collect(policy(setup, null), 0);
      RunningStatistics features = new RunningStatistics(1);
      features.update(experience.column(SamplingActor.FEATURES));
      assertThat(features.mean(0)).isCloseTo(0, within(0.3));
      assertThat(features.variance(0)).isCloseTo(1, within(0.3));
    }
  }

  @Test
  void theVarianceIsThatOfTheDataInHoweverManyPartsItCame() {
    List<Double> variances = new ArrayList<>();
    for (int shares : new int[] {1, 2, 8}) {
      ExperienceSetup setup = setup(config(1), Far::new);
      RunningStatistics all = new RunningStatistics(1);
      for (int share = 0; share < shares; share++) {
        try (RolloutCollector collector = setup.collector(share, shares)) {
          for (int rollout = 0; rollout < 10; rollout++) {
            all.merge(
                Objects.requireNonNull(
                    collector.collect(policy(setup, null), 0).observationStatistics));
          }
        }
      }
      assertThat(all.count()).isEqualTo(8 * 32 * 10);
      variances.add(all.variance(0));
    }
    assertThat(variances)
        .allSatisfy(variance -> assertThat(variance).isCloseTo(100, within(6.0)))
        .allSatisfy(variance -> assertThat(variance).isCloseTo(variances.get(0), within(1e-4)));
  }

  @Test
  void aKnownNormaliserStaysAsItIsForTheWholeRollout() {
    ExperienceSetup setup = setup(config(1), Far::new);
    ObservationNormalizer other = new ObservationNormalizer(9, List.of(0.0), List.of(1.0), 10);
    try (RolloutCollector collector = setup.collector(0, 1)) {
      assertThat(collector.collect(policy(setup, other), 0).column(SamplingActor.FEATURES))
          .containsOnly(10);
    }
  }

  @Test
  void refusesStatisticsThatDoNotTravelWithThePolicy() {
    assertThatThrownBy(
            () ->
                Trainer.builder(config(1))
                    .environment(() -> new TimeLimit(new NormalizeObservation(new CartPole()), 9))
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the environment is wrapped in NormalizeObservation, whose statistics do not travel with"
                + " the policy; leave the wrapper out and set normalization.observations: true");
    assertThatThrownBy(
            () -> setup(config(1), () -> new NormalizeReward(new TimeLimit(new CartPole(), 9), 1)))
        .hasMessageContaining("NormalizeReward")
        .hasMessageEndingWith("set normalization.rewards: true");
  }

  @Test
  void theUnitOfActionsDoesNotMatter() {
    float[] one = trained(1);
    assertThat(trained(1024)).isEqualTo(one); // powers of two: not even rounding differs
    assertThat(trained(1f / 128)).isEqualTo(one);
    TrainingConfig unscaled =
        config(1).withNormalization(NormalizationConfig.defaults().withActions(false));
    assertThat(setup(unscaled, () -> new Match(8)).policy().scaledActions()).isFalse();
    assertThat(setup(config(1), () -> new Match(8)).policy().scaledActions()).isTrue();
    assertThat(setup(config(1), () -> new Match(Float.POSITIVE_INFINITY)).policy().scaledActions())
        .isFalse();
  }

  private static float[] trained(float largest) {
    TrainingConfig config =
        config(1)
            .withNormalization(NormalizationConfig.defaults())
            .withStop(StopConfig.defaults().withEnvironmentSteps(512))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    TrainingResult result =
        Trainer.builder(config).environment(() -> new Match(largest)).build().train();
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  /** Rewards an action that lies as far up its range as the observation lies in [0, 1]. */
  private static final class Match implements Environment {
    private final float largest;
    private Pcg64 random = new Pcg64(0);
    private float goal;
    private int steps;

    Match(float largest) {
      this.largest = largest;
    }

    @Override
    public Space observationSpace() {
      return Box.of(0, 1, 1);
    }

    @Override
    public Space actionSpace() {
      return Box.of(-largest, largest, 1);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      random = reset.random(random);
      steps = 0;
      observation[0] = goal = (float) random.nextDouble();
    }

    @Override
    public void step(float[] action, Step step) {
      double error = (action[0] / largest + 1) / 2 - goal;
      step.reward = -error * error;
      step.truncated = ++steps == 16;
      step.observation[0] = goal = (float) random.nextDouble();
    }
  }

  private static PolicySnapshot policy(
      ExperienceSetup setup, @Nullable ObservationNormalizer normalizer) {
    PolicySpec spec = setup.policy();
    float[] values = spec.network().initialParameters(new Pcg64(1));
    return new PolicySnapshot(new ParameterSnapshot(0, values), normalizer);
  }

  /** Notes the seeds it is reset with. */
  private static final class Recorder extends EnvironmentWrapper {
    private final List<Long> seeds;

    Recorder(List<Long> seeds) {
      super(new CartPole());
      this.seeds = seeds;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      if (reset.seed() != null) {
        seeds.add(reset.seed());
      }
      super.reset(reset, observation);
    }
  }

  /** A place ten metres wide, 5,000 km from the origin, whatever is done. */
  private static final class Far extends EnvironmentWrapper {
    private Pcg64 random = new Pcg64(0);

    Far() {
      super(new CartPole());
    }

    @Override
    public Space observationSpace() {
      return Box.of(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 1);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      random = reset.random(random);
      look(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      look(step.observation);
    }

    private void look(float[] observation) {
      observation[0] = (float) (5_000_000 + 10 * random.nextGaussian());
    }
  }
}
