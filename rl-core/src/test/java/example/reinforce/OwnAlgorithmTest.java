package example.reinforce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.JsonSchema;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;

/** Whoever composes a program adds an algorithm, and it is as good as the built-in ones. */
class OwnAlgorithmTest {
  private static final Alternatives ALGORITHMS =
      TrainingConfig.algorithms().with(AlgorithmConfig.class, "reinforce", ReinforceConfig.class);

  @TempDir Path folder;

  private TrainingConfig read(String settings, String... overrides) throws Exception {
    Path file = folder.resolve("own.yaml");
    Files.writeString(
        file,
        """
        environment: {name: CartPole-v1, count: 4}
        algorithm:
          reinforce: {%s}
        evaluation: {episodes: 0}
        stop: {environment-steps: 2048}
        """
            .formatted(settings));
    return TrainingConfig.read(file, ALGORITHMS, overrides);
  }

  @Test
  void isReadFromAFileWithItsMistakesAndItsSchema() throws Exception {
    TrainingConfig config = read("discount: 0.8", "algorithm.reinforce.steps=16");
    assertThat(config.algorithm()).isEqualTo(new ReinforceConfig(16, 1, 0.8, 3e-3));
    assertThat(JsonSchema.of(TrainingConfig.class, ALGORITHMS))
        .contains("\"reinforce\"")
        .contains("discount factor γ of the returns");
    assertThatThrownBy(() -> read("discont: 0.8"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("own.yaml:3:15")
        .hasMessageContaining("discount");
    assertThatThrownBy(() -> read("discount: 1.8"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("own.yaml:3:15: discount is 1.8");
  }

  @Test
  void aKeyThatIsTakenIsRefused() {
    assertThatThrownBy(
            () ->
                TrainingConfig.algorithms()
                    .with(AlgorithmConfig.class, "ppo", ReinforceConfig.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the key ppo of AlgorithmConfig is org.mobula.core.algorithm.ppo.PpoConfig already;"
                + " example.reinforce.ReinforceConfig needs another key");
  }

  @Test
  void isWrittenAndResumedBitForBitAndLoaded() throws Exception {
    Path whole = folder.resolve("whole");
    Path cut = folder.resolve("cut");
    TrainingConfig config = read("steps: 32");
    Trainer.builder(config).directory(whole).build().train();
    Trainer[] first = new Trainer[1];
    first[0] =
        Trainer.builder(config)
            .directory(cut)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onIteration(
                      TrainingProgress progress, Map<String, Double> measurements) {
                    assertThat(measurements).containsKey("loss/reinforce");
                    if (progress.iterations() == 7) {
                      first[0].stop("half of it is done");
                    }
                  }
                })
            .build();
    assertThat(first[0].train().interrupted()).isTrue();

    TrainingConfig written = TrainingConfig.read(cut.resolve("config.yaml"), ALGORITHMS);
    assertThat(written).isEqualTo(config);
    Trainer.builder(written).directory(cut).resume(Checkpoint.read(cut)).build().train();
    assertThat(parameters(cut)).isEqualTo(parameters(whole));
    assertThat(Files.readString(cut.resolve("metrics.csv"))).contains("loss/reinforce");
  }

  /** Rounds are between reports alone: neither they nor an end within an iteration change a bit. */
  @Test
  void anIterationOfSeveralRoundsMayEndAnywhere() throws Exception {
    Path whole = folder.resolve("whole");
    Path parts = folder.resolve("parts");
    Path cut = folder.resolve("cut");
    TrainingResult one =
        Trainer.builder(read("steps: 4, rounds: 1")).directory(whole).build().train();
    TrainingConfig config = read("steps: 4, rounds: 8");
    TrainingResult eight = Trainer.builder(config).directory(parts).build().train();
    assertThat(one.progress().iterations()).isEqualTo(2048 / 4 / 4);
    assertThat(eight.progress().iterations()).isEqualTo(2048 / 4 / 4 / 8);
    assertThat(parameters(parts)).isEqualTo(parameters(whole));

    Trainer[] first = new Trainer[1];
    int[] steps = new int[1];
    first[0] =
        Trainer.builder(config)
            .environment(
                () ->
                    new EnvironmentWrapper(
                        EnvironmentCatalogue.standard().factory("CartPole-v1", Map.of()).create()) {
                      @Override
                      public void step(float[] action, Step step) {
                        super.step(action, step);
                        if (++steps[0] == 1000) { // in the eighth iteration
                          first[0].stop("it is enough");
                        }
                      }
                    })
            .directory(cut)
            .build();
    TrainingResult stopped = first[0].train();
    assertThat(stopped.interrupted()).isTrue();
    assertThat(stopped.progress().environmentSteps() % (4 * 4 * 8)).isNotZero();
    TrainingResult resumed =
        Trainer.builder(config).directory(cut).resume(Checkpoint.read(cut)).build().train();
    assertThat(resumed.progress().iterations()).isEqualTo(2048 / 4 / 4 / 8);
    assertThat(parameters(cut)).isEqualTo(parameters(whole));
  }

  private static List<Float> parameters(Path run) throws Exception {
    try (Policy policy = Policy.load(run)) {
      float[] values = policy.snapshot().parameters().values();
      Float[] boxed = new Float[values.length];
      Arrays.setAll(boxed, i -> values[i]);
      return List.of(boxed);
    }
  }

  @Test
  void learns() throws Exception {
    TrainingConfig config =
        read("steps: 32", "environment.count=8", "stop.environment-steps=40960");
    double[] returns = new double[1];
    Trainer.builder(config)
        .listener(
            new TrainingListener() {
              @Override
              public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
                returns[0] = progress.recentReturnMean();
              }
            })
        .build()
        .train();
    assertThat(returns[0]).isGreaterThan(50); // 22 at random
  }
}
