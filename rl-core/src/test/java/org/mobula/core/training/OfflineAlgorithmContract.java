package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * What every algorithm keeps to that learns from recordings: the same bits each time, a run that is
 * resumed as if it had not stopped, and the same recordings as before. Extend it with settings of
 * yours.
 */
public abstract class OfflineAlgorithmContract {
  private static final long STEPS = 1_000;

  /** Settings of which 1,000 gradients take a second. */
  protected abstract AlgorithmConfig busy();

  /** An environment of the kind that the algorithm is for. */
  protected String environment() {
    return "Pendulum-v1";
  }

  /** Whose episodes are learnt from. */
  protected Recordings.Controller controller() {
    return Recordings.pendulum(0.5);
  }

  private RecordedEpisodes recordings(long seed) {
    return Recordings.play(environment(), controller(), 3, seed);
  }

  private TrainingConfig config() {
    return TrainingConfig.defaults(EnvironmentConfig.defaults(environment()), busy())
        .withSeed(5)
        .withNormalization(NormalizationConfig.defaults().withObservations(true))
        .withStop(StopConfig.defaults().withEnvironmentSteps(STEPS))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
  }

  private Trainer.Builder trainer(TrainingConfig config) {
    return Trainer.builder(config).recordings(recordings(1));
  }

  private static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void theSameSeedGivesTheSameBits() {
    TrainingConfig config = config();
    float[] first = parameters(trainer(config).build().train());
    assertThat(parameters(trainer(config).build().train())).isEqualTo(first);
    assertThat(parameters(trainer(config.withSeed(6)).build().train())).isNotEqualTo(first);
  }

  @Test
  void twoGradientWorkersGiveTheSameBitsEachTime() {
    TrainingConfig one = config();
    TrainingConfig two = one.withWorkers(one.workers().withGradients(2));
    float[] first = parameters(trainer(two).build().train());
    assertThat(parameters(trainer(two).build().train())).isEqualTo(first);
  }

  @Test
  void aResumedRunContinuesBitForBitAndWithTheSameRecordings(@TempDir Path directory)
      throws IOException {
    TrainingConfig config =
        config().withStop(StopConfig.defaults().withEnvironmentSteps(2 * STEPS));
    List<Map<String, Double>> whole = new ArrayList<>();
    float[] uninterrupted =
        parameters(trainer(config).listener(measurements(whole)).build().train());
    assertThat(whole).as("iterations").hasSize(2);

    Trainer[] trainer = new Trainer[1];
    trainer[0] =
        trainer(config)
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
        trainer(config).resume(checkpoint).listener(measurements(rest)).build().train();
    assertThat(parameters(resumed)).isEqualTo(uninterrupted);
    assertThat(rest).isEqualTo(whole.subList(1, whole.size()));

    Trainer others = Trainer.builder(config).recordings(recordings(2)).resume(checkpoint).build();
    assertThatThrownBy(others::train)
        .hasStackTraceContaining("the run learnt from other recordings than the 3 episodes of ")
        .hasStackTraceContaining("that it is to be resumed with: give it those that it began with");
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
    TrainingResult result = trainer(config()).directory(directory).build().train();
    assertThat(result.progress().environmentSteps()).isEqualTo(STEPS);
    Pcg64 random = new Pcg64(1);
    try (Policy trained = result.policy();
        Policy loaded = Policy.load(directory)) {
      assertThat(trained.snapshot().normalizer()).isNotNull();
      Space space = trained.spec().observationSpace();
      float[] observation = new float[space.size()];
      for (int i = 0; i < 100; i++) {
        space.sample(random, observation, 0);
        assertThat(loaded.act(observation)).isEqualTo(trained.act(observation));
      }
    }
  }

  @Test
  void needsRecordingsAndCollectsNothing() {
    TrainingConfig config = config();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder(config.withData("expert.parquet")).build())
        .withMessage(
            "the algorithm learns from recordings, but this trainer was given none, nor has anything"
                + " read expert.parquet: add .recordings(episodes)");
    assertThatThrownBy(() -> config.withEnvironment(config.environment().withCount(2)))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage(
            "environment.count is 2 but must be 1 where the algorithm learns from recordings: nothing"
                + " is collected");
    assertThatThrownBy(() -> config.withWorkers(config.workers().withCount(1)))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage(
            "workers.count is 1 but must be 0 where the algorithm learns from recordings: nothing is"
                + " collected");
  }
}
