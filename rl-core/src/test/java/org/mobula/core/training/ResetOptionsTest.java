package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Episodes start as the configuration or a curriculum says. */
class ResetOptionsTest {
  @TempDir private Path directory;

  private final List<Map<String, Object>> resets = Collections.synchronizedList(new ArrayList<>());

  /** Episodes of five steps; their level is observed and rewarded. */
  private final class Levels implements Environment {
    private double level;
    private int steps;

    @Override
    public Space observationSpace() {
      return Box.unbounded(2);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      resets.add(reset.options());
      level = reset.options().get("level") instanceof Number number ? number.doubleValue() : -1;
      steps = 0;
      observe(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      steps++;
      step.reward = level * action[0];
      step.terminated = steps == 5;
      step.putInfo("level", level);
      observe(step.observation);
    }

    private void observe(float[] observation) {
      observation[0] = (float) level;
      observation[1] = steps;
    }

    @Override
    public boolean savesState() {
      return true;
    }

    @Override
    public void writeState(DataOutput out) throws IOException {
      out.writeDouble(level);
      out.writeInt(steps);
    }

    @Override
    public void readState(DataInput in) throws IOException {
      level = in.readDouble();
      steps = in.readInt();
    }
  }

  /** Eight iterations of two environments' ten steps each. */
  private static TrainingConfig config(Map<String, Object> options) {
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("Levels").withCount(2).withResetOptions(options),
            PpoConfig.defaults().withSteps(10).withMinibatchSize(20).withEpochs(1))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
        .withStop(StopConfig.defaults().withEnvironmentSteps(160));
  }

  private static float[] parameters(Trainer.Builder trainer) {
    try (Policy policy = trainer.build().train().policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void fixedAndScheduledOptionsReachEachReset() {
    TrainingConfig config =
        config(Map.of("level", Schedule.linear(0, 8), "map", "maze", "seen", true))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(3));

    Trainer.builder(config).environment(Levels::new).build().train();

    assertThat(resets)
        .allSatisfy(
            options ->
                assertThat(options).containsEntry("map", "maze").containsEntry("seen", true));
    List<Object> levels = resets.stream().map(options -> options.get("level")).toList();
    // Two first episodes, four more in each of eight iterations, three of the evaluation.
    assertThat(levels).hasSize(2 + 8 * 4 + 3);
    assertThat(levels.subList(0, 6)).containsOnly(0.0);
    for (int iteration = 0; iteration < 8; iteration++) {
      assertThat(levels.subList(2 + 4 * iteration, 6 + 4 * iteration))
          .containsOnly((double) iteration);
    }
    assertThat(levels.subList(34, 37)).containsOnly(8.0);
  }

  @Test
  void filesSayThem() throws IOException {
    Path file = directory.resolve("levels.yaml");
    Files.writeString(
        file,
        """
        environment:
          name: Levels
          count: 2
          reset-options:
            level: {linear: {from: 0, to: 8}}
            map: maze
            size: [3, 4]
        algorithm: {ppo: {}}
        """);
    TrainingConfig config = TrainingConfig.read(file);

    assertThat(config.environment().resetOptions(0.5))
        .isEqualTo(Map.of("level", 4.0, "map", "maze", "size", List.of(3, 4)));
    for (Schedule schedule :
        List.of(
            Schedule.constant(2),
            Schedule.linear(0, 1e-7),
            new Schedule.Exponential(1, 100),
            new Schedule.Cosine(3, -1),
            new Schedule.Piecewise(
                List.of(new Schedule.Point(0, 1), new Schedule.Point(0.25, 7))))) {
      TrainingConfig other =
          config.withEnvironment(config.environment().withResetOptions(Map.of("level", schedule)));
      Files.writeString(file, ConfigWriter.write(other, TrainingConfig.algorithms()));
      for (double progress : new double[] {0, 0.1, 0.3, 1}) {
        assertThat(TrainingConfig.read(file).environment().resetOptions(progress))
            .isEqualTo(Map.of("level", schedule.at(progress)));
      }
    }
    assertThatThrownBy(
            () ->
                TrainingConfig.read(
                    file, "environment.reset-options.level={linear: {form: 1, to: 2}}"))
        .hasMessageEndingWith(
            "reset-options is {level={linear={form=1, to=2}}} but level must be a schedule:"
                + " linear.from is missing; unknown key form under linear; did you mean from?");
  }

  /** A level more after each iteration in which the last one was met; the map stays. */
  private static Map<String, Object> next(TrainingProgress progress, Map<String, Object> present) {
    int level = present.get("level") instanceof Integer number ? number : 0;
    return Map.of("level", level + 1, "map", present.getOrDefault("map", "none"));
  }

  @Test
  void curriculumDecidesBeforeEachIteration() {
    Trainer.builder(config(Map.of("level", 0, "map", "maze")))
        .environment(Levels::new)
        .curriculum(ResetOptionsTest::next)
        .build()
        .train();

    assertThat(resets).hasSize(2 + 8 * 4);
    assertThat(resets.subList(0, 6)).containsOnly(Map.of("level", 1, "map", "maze"));
    assertThat(resets.subList(6, 10)).containsOnly(Map.of("level", 2, "map", "maze"));
    assertThat(resets.subList(30, 34)).containsOnly(Map.of("level", 8, "map", "maze"));
  }

  @Test
  void resumedCurriculumGoesOnBitForBit() throws IOException {
    TrainingConfig whole =
        config(Map.of("level", 0, "map", "maze"))
            .withCheckpoint(CheckpointConfig.defaults().withEvery(60).withKeep(9));
    float[] expected =
        parameters(
            Trainer.builder(whole)
                .environment(Levels::new)
                .curriculum(ResetOptionsTest::next)
                .directory(directory.resolve("whole")));
    List<Map<String, Object>> all = List.copyOf(resets);
    resets.clear();
    Path middle = directory.resolve("whole").resolve("checkpoints").resolve("step-000000000060");

    float[] resumed =
        parameters(
            Trainer.builder(whole)
                .environment(Levels::new)
                .curriculum(ResetOptionsTest::next)
                .resume(Checkpoint.read(middle)));

    assertThat(resumed).isEqualTo(expected);
    // The two first episodes are those of the checkpoint, in place of those just begun.
    assertThat(resets.subList(2, resets.size())).isEqualTo(all.subList(2 + 3 * 4, all.size()));
  }

  @Test
  void curriculumIsAskedOnceForAnIterationThatIsEndedAndContinued() throws IOException {
    TrainingConfig config = config(Map.of("level", 0, "map", "maze"));
    float[] whole =
        parameters(
            Trainer.builder(config).environment(Levels::new).curriculum(ResetOptionsTest::next));
    List<Map<String, Object>> all = List.copyOf(resets);
    resets.clear();

    Trainer[] trainer = new Trainer[1];
    trainer[0] =
        Trainer.builder(config)
            .environment(
                () ->
                    new EnvironmentWrapper(new Levels()) {
                      @Override
                      public void step(float[] action, Step step) {
                        if (resets.size() == 2 + 3 * 4 + 2) { // within the fourth iteration
                          trainer[0].stop("enough");
                        }
                        super.step(action, step);
                      }
                    })
            .curriculum(ResetOptionsTest::next)
            .directory(directory)
            .build();
    assertThat(trainer[0].train().progress().iterations()).isEqualTo(3);
    assertThat(resets).isEqualTo(all.subList(0, 2 + 3 * 4 + 2));
    resets.clear();

    float[] resumed =
        parameters(
            Trainer.builder(config)
                .environment(Levels::new)
                .curriculum(ResetOptionsTest::next)
                .resume(Checkpoint.read(directory)));

    assertThat(resumed).isEqualTo(whole);
    assertThat(resets.subList(2, resets.size())).isEqualTo(all.subList(2 + 3 * 4 + 2, all.size()));
  }

  @Test
  void faultsOfACurriculumAreNamedWithTheIteration() {
    assertThatThrownBy(curriculum((progress, present) -> Map.of("level", new Object()))::train)
        .isInstanceOf(TrainingException.class)
        .hasMessage(
            "the reset options of iteration 1: the reset option level is a java.lang.Object but must"
                + " be a Boolean, Integer, Long, Double or String, or a list or map of them, to stand"
                + " in a checkpoint");
    assertThatThrownBy(
            curriculum(
                    (progress, present) -> {
                      if (progress.iterations() == 2) {
                        throw new IllegalStateException("no level is left");
                      }
                      return present;
                    })
                ::train)
        .isInstanceOf(TrainingException.class)
        .hasMessage("the reset options of iteration 3: no level is left");
  }

  private Trainer curriculum(Curriculum curriculum) {
    return Trainer.builder(config(Map.of()))
        .environment(Levels::new)
        .curriculum(curriculum)
        .build();
  }
}
