package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * What every algorithm keeps to, whatever it learns by: the same bits each time, a run that goes on
 * as if it had not stopped, and what is easy is learnt. Extend it with settings of yours.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AlgorithmContract {
  private static final long STEPS = 2_000;

  /** Settings by which 2,000 steps hold several iterations and updates of everything there is. */
  protected abstract AlgorithmConfig busy();

  /** Settings by which {@link IdentityEnvironment} is learnt within 2,000 steps. */
  protected abstract AlgorithmConfig quick();

  /** Environments of {@link #quick}. */
  protected int quickEnvironments() {
    return 1;
  }

  /** An environment of the kind that the algorithm is for. */
  protected String environment() {
    return "CartPole-v1";
  }

  private TrainingConfig config() {
    return TrainingConfig.defaults(EnvironmentConfig.defaults(environment()).withCount(2), busy())
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(STEPS))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
  }

  private static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void theSameSeedGivesTheSameBits() {
    TrainingConfig config = config();
    float[] first = parameters(Trainer.builder(config).build().train());
    float[] threaded =
        parameters(
            Trainer.builder(config.withEnvironment(config.environment().withThreads(2)))
                .build()
                .train());
    assertThat(threaded).isEqualTo(first);
    assertThat(parameters(Trainer.builder(config.withSeed(6)).build().train())).isNotEqualTo(first);
  }

  @Test
  void twoGradientWorkersGiveTheSameBitsEachTime() {
    TrainingConfig one = config();
    TrainingConfig two = one.withWorkers(one.workers().withGradients(2));
    float[] first = parameters(Trainer.builder(two).build().train());
    assertThat(parameters(Trainer.builder(two).build().train())).isEqualTo(first);
  }

  @Test
  void aResumedRunGoesOnBitForBit(@TempDir Path directory) throws IOException {
    TrainingConfig config =
        config().withNormalization(new NormalizationConfig(true, true, true, 10));
    List<Map<String, Double>> whole = new ArrayList<>();
    float[] uninterrupted =
        parameters(Trainer.builder(config).listener(measurements(whole)).build().train());
    assertThat(whole).as("iterations").hasSizeGreaterThan(1);

    Trainer[] trainer = new Trainer[1];
    trainer[0] =
        Trainer.builder(config)
            .directory(directory)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onIteration(
                      TrainingProgress progress, Map<String, Double> measurements) {
                    trainer[0].stop("after the first iteration");
                  }
                })
            .build();
    assertThat(trainer[0].train().interrupted()).isTrue();

    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    List<Map<String, Double>> rest = new ArrayList<>();
    TrainingResult resumed =
        Trainer.builder(config).resume(checkpoint).listener(measurements(rest)).build().train();
    assertThat(parameters(resumed)).isEqualTo(uninterrupted);
    assertThat(rest).isEqualTo(whole.subList(1, whole.size()));
  }

  private static TrainingListener measurements(List<Map<String, Double>> all) {
    return new TrainingListener() {
      @Override
      public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
        Map<String, Double> copy = new TreeMap<>(measurements);
        copy.keySet().removeIf(name -> name.startsWith("time/"));
        all.add(copy);
      }
    };
  }

  @Test
  void theSavedPolicyActsAsTheTrainedOne(@TempDir Path directory) throws IOException {
    TrainingResult result = Trainer.builder(config()).directory(directory).build().train();
    Pcg64 random = new Pcg64(1);
    try (Policy trained = result.policy();
        Policy loaded = Policy.load(directory)) {
      Space space = trained.spec().observationSpace();
      float[] observation = new float[space.size()];
      for (int i = 0; i < 100; i++) {
        space.sample(random, observation, 0);
        assertThat(loaded.act(observation)).isEqualTo(trained.act(observation));
      }
    }
  }

  /** The action spaces that the algorithm is for. */
  protected abstract List<Space> spaces();

  @ParameterizedTest
  @MethodSource("spaces")
  void learnsToDoWhatItSees(Space space) {
    EnvironmentConfig environments =
        EnvironmentConfig.defaults("given in Java").withCount(quickEnvironments());
    TrainingConfig config =
        TrainingConfig.defaults(environments, quick())
            .withSeed(1)
            .withStop(StopConfig.defaults().withEnvironmentSteps(STEPS));
    EvaluationResult result =
        Trainer.builder(config)
            .environment(() -> new IdentityEnvironment(space))
            .build()
            .train()
            .evaluation()
            .orElseThrow();
    assertThat(result.meanReturn()).isGreaterThanOrEqualTo(90);
  }
}
