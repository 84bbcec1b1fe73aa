package org.mobula.rollout.gymnasium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EpisodicLife;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.rendering.Picture;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Tuple;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.EvaluationEnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class PythonEnvironmentsTest {
  @AfterEach
  void nothingIsLeft() throws Exception {
    assertThat(FakeGymnasium.files()).isEmpty();
    assertThat(FakeGymnasium.processes()).isEmpty();
  }

  private static TrainingConfig training(EnvironmentConfig environment) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(32).withEpochs(2);
    return TrainingConfig.defaults(environment.withCount(4), ppo)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(256))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
  }

  @Test
  void trainsToTheSameBitsEachTime() {
    TrainingConfig config = training(FakeGymnasium.config("Corridor-v0"));
    float[][] parameters = new float[2][];
    for (int i = 0; i < 2; i++) {
      TrainingResult result =
          Trainer.builder(config)
              .environment(PythonEnvironments.of(config.environment()))
              .build()
              .train();
      parameters[i] = result.policy().snapshot().parameters().values();
      assertThat(result.evaluation().orElseThrow().returns()).hasSize(2);
    }
    assertThat(parameters[1]).isEqualTo(parameters[0]);
  }

  @Test
  void aTrainerWithoutTheModuleNamesIt() {
    EnvironmentConfig world = EnvironmentConfig.defaults("gymnasium:Corridor-v0");
    assertThat(world.gymnasium()).isEqualTo("Corridor-v0");
    assertThat(world.id()).isEqualTo("gymnasium:Corridor-v0");
    assertThatThrownBy(() -> Trainer.builder(training(world)).build())
        .hasMessage(
            "gymnasium:Corridor-v0 is stepped in Python, by the module rollout-workers:"
                + " Trainer.Builder.environment(PythonEnvironments.of(config.environment()))");
    TrainingConfig judged =
        training(FakeGymnasium.config("Corridor-v0"))
            .withEvaluation(
                EvaluationConfig.defaults()
                    .withEnvironment(
                        EvaluationEnvironmentConfig.defaults().withOptions(Map.of("limit", 3))));
    assertThatThrownBy(
            () ->
                Trainer.builder(judged)
                    .environment(PythonEnvironments.of(judged.environment()))
                    .build())
        .hasMessageStartingWith("evaluation.environment: gymnasium:Corridor-v0 is stepped in");
    assertThatThrownBy(() -> PythonEnvironments.of(EnvironmentConfig.defaults("CartPole-v1")))
        .hasMessage("CartPole-v1 is no Python environment: gymnasium or envpool must name it");
  }

  @Test
  void carriesAllKindsOfSpacesThereAndBack() {
    try (VectorEnvironment zoo = FakeGymnasium.of("Zoo-v0", Map.of()).create(2)) {
      Dict actions =
          Dict.of("push", Box.of(new float[] {-1, -2}, new float[] {1, 2}))
              .with("gear", new Discrete(3, -1))
              .with("levers", new MultiDiscrete(2, 3))
              .with("lamps", new MultiBinary(2))
              .with("pair", Tuple.of(new Discrete(2), Box.of(-9, 9)));
      assertThat(zoo.actionSpace()).isEqualTo(actions);
      assertThat(zoo.observationSpace()).isEqualTo(Tuple.of(actions, new Discrete(20, -10)));
      VectorStep step = new VectorStep(2, zoo.observationSpace(), actions.maskSize());
      zoo.reset(new Reset(1L, Map.of("place", 2)), step.observations);
      float[] first = {0.5f, -1.5f, 2, 1, 2, 1, 0, 1, 4.25f, 2};
      assertThat(Arrays.copyOf(step.observations, 10)).isEqualTo(first);
      assertThat(Arrays.copyOfRange(step.observations, 10, 20)).isEqualTo(first);

      float[] given = {0.25f, -0.5f, 0, 1, 2, 0, 1, 1, -3, 1, 2, 1, 0, 0, 1, 1, 0, 8.5f};
      zoo.step(given, step);
      float[] after = {0.25f, -0.5f, 0, 1, 2, 0, 1, 1, -3, 3, 1, 2, 1, 0, 0, 1, 1, 0, 8.5f, 3};
      assertThat(step.observations).isEqualTo(after);

      assertThat(zoo.masksActions()).isTrue();
      boolean[] masks = new boolean[2 * actions.maskSize()];
      zoo.actionMasks(masks);
      boolean[] one = {true, false, true, true, false, false, true, true, true, true};
      assertThat(Arrays.copyOf(masks, 10)).isEqualTo(one);
      assertThat(Arrays.copyOfRange(masks, 10, 20)).isEqualTo(one);
    }
  }

  /** Pictures are of bytes here, too, so that they are kept as such. */
  @Test
  void knowsPicturesOfBytes() {
    float[][] seen = new float[2][14];
    for (int i = 0; i < 2; i++) {
      String type = i == 0 ? "uint8" : "float32";
      try (VectorEnvironment pictures =
          FakeGymnasium.of("Pictured-v0", Map.of("dtype", type)).create(2)) {
        assertThat(pictures.observationSpace()).isEqualTo(Box.bytes(1, 1, 7));
        assertThat(((Box) pictures.observationSpace()).isBytes()).isEqualTo(i == 0);
        pictures.reset(new Reset(1L, Map.of("place", 3)), seen[i]);
      }
    }
    assertThat(seen[0]).containsExactly(0, 1, 2, 255, 4, 5, 6, 0, 1, 2, 255, 4, 5, 6);
    assertThat(seen[1]).isEqualTo(seen[0]);
  }

  @Test
  void handsOverFinalObservationsMasksAndFactsOfAnEpisodesEnd() {
    try (VectorEnvironment batch = FakeGymnasium.of("Masked-v0", Map.of("limit", 2)).create(2)) {
      VectorStep step = new VectorStep(2, batch.observationSpace(), 2);
      batch.resetOptions(Map.of("place", 1));
      batch.reset(Reset.seeded(1), new boolean[] {true, true}, step.observations);
      batch.step(new float[] {0, 1}, step);
      assertThat(step.rewards).containsExactly(-0.125f, -0.125f);
      boolean[] masks = new boolean[4];
      batch.actionMasks(masks);
      assertThat(masks).containsExactly(false, true, true, true);
      assertThat(step.info(0)).isEmpty();

      batch.step(new float[] {1, 1}, step);
      assertThat(step.truncated).containsExactly(true, true);
      assertThat(step.terminated).containsExactly(false, false);
      assertThat(step.finalObservations[0]).isEqualTo(1);
      assertThat(step.finalObservations[2]).isEqualTo(3);
      assertThat(step.observations[0]).isEqualTo(1);
      assertThat(step.finalMasks).containsExactly(true, true, true, true);
      assertThat(step.info(1)).isEqualTo(Map.of("place", 3L, "way/steps", 2L));
      batch.step(new float[] {0, 0}, step);
      assertThat(step.info(1)).isEmpty();
    }
  }

  @Test
  void wrapsTheInnermostFirstWithItsArguments() {
    EnvironmentConfig config =
        FakeGymnasium.config("Corridor-v0")
            .withWrappers(
                List.of(
                    "TransformReward",
                    Map.of("gymnasium.wrappers:TransformReward", Map.of("factor", 4))));
    try (VectorEnvironment batch = PythonEnvironments.of(config).create(1)) {
      VectorStep step = new VectorStep(1, batch.observationSpace());
      batch.reset(Reset.seeded(1), step.observations);
      batch.step(new float[] {0}, step);
      assertThat(step.rewards).containsExactly(-1);
    }
  }

  @Test
  void livesAreThoseOfTheLastInfo() {
    try (VectorEnvironment batch = FakeGymnasium.of("Living-v0", Map.of()).create(2);
        Environment one = FakeGymnasium.of("Living-v0", Map.of()).create();
        VectorEnvironment none = FakeGymnasium.of("Corridor-v0", Map.of()).create(1)) {
      VectorStep step = new VectorStep(2, batch.observationSpace());
      batch.reset(new Reset(1L, Map.of("place", 1)), step.observations);
      assertThat(batch.lives(1)).isEqualTo(6);
      batch.step(new float[] {0, 0}, step);
      batch.reset(Reset.seeded(1), new boolean[] {true, false}, step.observations);
      assertThat(List.of(batch.lives(0), batch.lives(1))).isEqualTo(List.of(6, 5));
      none.reset(Reset.seeded(1), new float[2]);
      assertThat(none.lives(0)).isEqualTo(Environment.NO_LIVES);

      Environment episodes = new EpisodicLife(one, false);
      Step taken = new Step(episodes.observationSpace());
      episodes.reset(new Reset(1L, Map.of("place", 3)), taken.observation);
      episodes.step(new float[] {0}, taken);
      assertThat(taken.terminated).isTrue();
      episodes.reset(Reset.unseeded(), taken.observation);
      assertThat(taken.observation[0]).isEqualTo(1); // one step more to the left
    }
  }

  @Test
  void masksOfAWrapperBelowAnotherAreSeen() {
    EnvironmentConfig config =
        FakeGymnasium.config("Corridor-v0").withWrappers(List.of("RightOnly", "TransformReward"));
    try (VectorEnvironment batch = PythonEnvironments.of(config).create(2)) {
      assertThat(batch.masksActions()).isTrue();
      batch.reset(Reset.seeded(1), new float[4]);
      boolean[] masks = new boolean[4];
      batch.actionMasks(masks);
      assertThat(masks).containsExactly(false, true, false, true);
    }
  }

  /** The picture after the last step is that step's, though the next episode has begun. */
  @Test
  void drawsItselfWhereItIsWatched() {
    try (Environment corridor = FakeGymnasium.of("Corridor-v0", Map.of("length", 3)).create()) {
      assertThat(corridor.secondsPerStep()).isEqualTo(0.05);
      assertThat(corridor.observationSpace())
          .isEqualTo(Box.of(new float[] {0, 0}, new float[] {3, 1}));
      Step step = new Step(corridor.observationSpace());
      corridor.reset(new Reset(1L, Map.of("place", 1)), step.observation);
      assertThat(red(corridor)).isEqualTo(1);
      corridor.step(new float[] {1}, step);
      assertThat(red(corridor)).isEqualTo(2);
      corridor.step(new float[] {1}, step);
      assertThat(step.terminated).isTrue();
      assertThat(red(corridor)).isEqualTo(3);
      corridor.reset(new Reset(1L, Map.of("place", 0)), step.observation);
      assertThat(red(corridor)).isZero();
    }
  }

  /** Which of four columns is red, in a picture of four by three in the middle of 400 by 400. */
  private static int red(Environment environment) {
    BufferedImage picture = Picture.of(environment, 400, 400);
    assertThat(new Color(picture.getRGB(200, 20))).isEqualTo(Color.WHITE);
    int found = -1;
    for (int i = 0; i < 4; i++) {
      Color color = new Color(picture.getRGB(50 + 100 * i, 200));
      assertThat(color.getBlue()).isEqualTo(10);
      if (color.getRed() == 255) {
        assertThat(found).isEqualTo(-1);
        found = i;
      }
    }
    return found;
  }

  @Test
  void saysWhatCannotBeMade() {
    EnvironmentConfig corridor = FakeGymnasium.config("Corridor-v0");
    // JDKs say differently why a program cannot be run.
    assertThatExceptionOfType(PythonException.class)
        .isThrownBy(() -> PythonEnvironments.of(corridor.withPython("/no/python")).create(2))
        .withMessageMatching(
            "no Python can be started as /no/python: Cannot run program \"/no/python\": .*No such file or"
                + " directory.*; environment\\.python names an interpreter, or the folder of a virtual"
                + " environment.*");
    assertMistake(
        FakeGymnasium.config("Corridor-v9"),
        "LookupError: Environment `Corridor-v9` doesn't exist.");
    assertMistake(
        FakeGymnasium.config("Troubled-v0", Map.of("trouble", "make", "only", 7)),
        "ValueError: cannot be made of 7\nTraceback (most recent call last):\n");
    assertMistake(
        FakeGymnasium.config("Unreadable-v0"),
        "TypeError: the observation space['name'] is Text(1, 8), which is none of Box, Discrete,"
            + " MultiDiscrete, MultiBinary, Tuple and Dict: a wrapper has to make one of these of it");
    assertMistake(
        corridor.withWrappers(List.of("no_such_module:Wrapper")),
        "ModuleNotFoundError: No module named 'no_such_module'");
  }

  private static void assertMistake(EnvironmentConfig config, String beginning) {
    assertThatExceptionOfType(PythonException.class)
        .isThrownBy(() -> PythonEnvironments.of(config).create(2))
        .withMessageStartingWith(beginning);
  }

  @Test
  void saysHowToInstallWhatIsMissing() {
    assertThatExceptionOfType(PythonException.class)
        .isThrownBy(() -> FakeGymnasium.of("Packed-v0", Map.of()).create(1))
        .satisfies(
            failure -> {
              assertThat(failure.type()).contains("ModuleNotFoundError");
              assertThat(failure)
                  .hasMessageStartingWith("ModuleNotFoundError: No module named 'Box2D'\nRemedy: ")
                  .hasMessageContaining("pip install 'gymnasium[box2d]'");
            });
  }
}
