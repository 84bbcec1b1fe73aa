package org.mobula.core.stablebaselines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.StartingPoint;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * Files that Stable-Baselines3 wrote, by {@code .ci/stable_baselines_check.py}; others of its kind
 * where {@code mobula.stable-baselines} names their folder.
 */
class StableBaselinesRunTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir private Path directory;

  private static Path folder() {
    String given = System.getProperty("mobula.stable-baselines");
    return Path.of(given == null ? "src/test/resources/stablebaselines" : given);
  }

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".zip"))
          .map(name -> name.substring(0, name.length() - 4))
          .sorted()
          .toList();
    }
  }

  private static StableBaselinesRun read(String name) throws IOException {
    Path normalization = folder().resolve(name + ".pkl");
    return StableBaselinesRun.read(
        folder().resolve(name + ".zip"), Files.exists(normalization) ? normalization : null);
  }

  private static PolicySpec policyOf(TrainingConfig config, Space observations, Space actions) {
    return config
        .algorithm()
        .policy(observations, actions, config.network())
        .withScaledActions(config.normalization().actions());
  }

  /** A run as it would be made. */
  private record Made(TrainingConfig config, PolicySpec policy, StartingPoint start) {
    static Made of(StableBaselinesRun run) throws IOException {
      List<Space> spaces = run.spaces().orElseThrow();
      TrainingConfig config = run.config(null);
      PolicySpec policy = policyOf(config, spaces.get(0), spaces.get(1));
      return new Made(config, policy, run.start(config, policy));
    }

    float[] parameters() {
      return start.store().parameters().values();
    }

    Policy acting() {
      ObservationNormalizer normalizer =
          start.observations() == null
              ? null
              : ObservationNormalizer.of(start.observations(), config.normalization().clip());
      float[] first = Arrays.copyOf(parameters(), policy.network().layout().size());
      return new Policy(
          policy,
          new PolicySnapshot(new ParameterSnapshot(0, first), normalizer),
          config.network().engine());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void answersAsThere(String name) throws IOException {
    Made made = Made.of(read(name));
    JsonNode expected = new ObjectMapper().readTree(folder().resolve(name + ".json").toFile());
    List<float[]> observations =
        rows(expected.get("observations"), made.policy().observationSpace().size());
    List<float[]> actions = rows(expected.get("actions"), 0);
    List<float[]> values = rows(expected.get("values"), 0);
    assertThat(observations).hasSizeGreaterThan(10);
    try (Policy policy = made.acting()) {
      for (int i = 0; i < observations.size(); i++) {
        assertClose(name + " action " + i, policy.act(observations.get(i)), actions.get(i));
        if (values.get(i).length == 1 && policy.spec().hasValue()) {
          Float value = Objects.requireNonNull(policy.evaluate(observations.get(i)).value());
          assertClose(name + " value " + i, new float[] {value}, values.get(i));
        }
      }
    }
    List<float[]> known = critics(made, observations, actions);
    for (int i = 0; i < known.size(); i++) {
      assertClose(name + " values " + i, known.get(i), values.get(i));
    }
  }

  /** What critics say, or a network of the values of all actions. */
  private static List<float[]> critics(
      Made made, List<float[]> observations, List<float[]> actions) {
    NetworkSpec spec =
        made.config().algorithm().networks(made.policy(), made.config().network()).get("critics");
    ParameterLayout layout = made.config().layout(made.policy());
    boolean ofActions = made.policy().head() instanceof PolicyHead.Greedy;
    if (spec == null && !ofActions) {
      return List.of();
    }
    String key = ofActions ? ParameterLayout.POLICY : "critics";
    NetworkSpec network = ofActions ? made.policy().network() : spec;
    List<float[]> all = new ArrayList<>();
    try (Network computed = NetworkEngine.AUTO.create(Objects.requireNonNull(network))) {
      computed.setParameters(
          Arrays.copyOfRange(made.parameters(), layout.from(key), layout.to(key)));
      for (int i = 0; i < observations.size(); i++) {
        float[] row = Arrays.copyOf(observations.get(i), computed.inputs());
        if (!ofActions) {
          Box box = (Box) made.policy().actionSpace();
          int at = observations.get(i).length;
          for (int j = 0; j < box.size(); j++) { // −1 and 1 are the bounds
            double middle = 0.5 * box.low(j) + 0.5 * box.high(j);
            row[at + j] =
                (float) ((actions.get(i)[j] - middle) / (0.5 * box.high(j) - 0.5 * box.low(j)));
          }
        }
        float[] outputs = new float[computed.outputs()];
        computed.forward(row, 1, outputs);
        all.add(outputs);
      }
    }
    return all;
  }

  private static void assertClose(String what, float[] actual, float[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i])
          .as(what)
          .isCloseTo(expected[i], within(TOLERANCE * Math.max(1, Math.abs(expected[i]))));
    }
  }

  private static List<float[]> rows(JsonNode node, int size) {
    List<float[]> rows = new ArrayList<>();
    if (node.isTextual()) {
      byte[] bytes = Base64.getDecoder().decode(node.asText());
      for (int from = 0; from < bytes.length; from += size) {
        float[] row = new float[size];
        for (int i = 0; i < size; i++) {
          row[i] = Byte.toUnsignedInt(bytes[from + i]);
        }
        rows.add(row);
      }
      return rows;
    }
    for (JsonNode each : node) {
      float[] row = new float[each.size()];
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) each.get(i).asDouble();
      }
      rows.add(row);
    }
    return rows;
  }

  /** Plays what any spaces say; a reward for small numbers. */
  private static final class Noise implements Environment {
    private final Space observations;
    private final Space actions;
    private Pcg64 random = new Pcg64(1);

    Noise(Space observations, Space actions) {
      this.observations = observations;
      this.actions = actions;
    }

    @Override
    public Space observationSpace() {
      return observations;
    }

    @Override
    public Space actionSpace() {
      return actions;
    }

    private void observe(float[] observation) {
      for (int i = 0; i < observation.length; i++) {
        observation[i] = random.nextInt(2); // which pixels can be, too
      }
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      random = new Pcg64(reset.seed() == null ? 1 : reset.seed());
      observe(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      observe(step.observation);
      step.reward = 1 - action[0] * action[0];
      step.terminated = random.nextDouble() < 0.05;
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void trainingGoesOn(String name) throws IOException {
    StableBaselinesRun run = read(name);
    Made made = Made.of(run);
    long steps = run.environmentSteps();
    TrainingConfig config =
        run.config("CartPole-v1") // whose place another takes
            .withEvaluation(made.config().evaluation().withEpisodes(0))
            .withStop(made.config().stop().withEnvironmentSteps(steps + 64));
    Trainer imported = trainer(config, made).startFrom(made.start()).build();
    imported.stop("imported");
    assertThat(imported.train().progress().environmentSteps()).isEqualTo(steps);

    Checkpoint first = Checkpoint.read(directory);
    assertThat(first.store().parameters().values()).isEqualTo(made.parameters());
    assertThat(first.store().optimizerSteps()).isEqualTo(made.start().store().optimizerSteps());
    assertThat(first.store().moments().keySet()).isEqualTo(made.start().store().moments().keySet());
    assertThat(first.progress().environmentSteps()).isEqualTo(steps);

    trainer(config, made).resume(first).build().train();
    Checkpoint second = Checkpoint.read(directory);
    assertThat(second.progress().environmentSteps()).isGreaterThanOrEqualTo(steps + 64);
    assertThat(second.store().parameters().values()).isNotEqualTo(made.parameters());
    assertThat(second.store().optimizerSteps())
        .isGreaterThan(made.start().store().optimizerSteps());
  }

  private Trainer.Builder trainer(TrainingConfig config, Made made) {
    return Trainer.builder(config)
        .directory(directory)
        .environment(
            () -> new Noise(made.policy().observationSpace(), made.policy().actionSpace()));
  }

  private static float[] moment(Made made, String moment, String tensor) {
    ParameterLayout.Entry entry = made.config().layout(made.policy()).entry(tensor);
    float[] all = Objects.requireNonNull(made.start().store().moments().get(moment));
    return Arrays.copyOfRange(all, entry.offset(), entry.offset() + entry.size());
  }

  @Test
  void takesOverWhatTheOptimizerRemembers() throws IOException {
    Made ppo = Made.of(read("ppo-discrete"));
    // 64 steps in two rollouts of 32, two epochs of two minibatches each
    assertThat(ppo.start().store().optimizerSteps()).isEqualTo(8);
    assertThat(ppo.start().store().moments().keySet()).containsExactly("exp_avg", "exp_avg_sq");
    for (ParameterLayout.Entry entry : ppo.config().layout(ppo.policy()).entries()) {
      assertThat(moment(ppo, "exp_avg", entry.name()))
          .as(entry.name())
          .isNotEqualTo(new float[entry.size()]);
    }
    Made a2c = Made.of(read("a2c-box"));
    assertThat(a2c.start().store().moments().keySet()).containsExactly("square_avg");
    assertThat(a2c.config().algorithm().optimizer())
        .isEqualTo(new OptimizerConfig.RmsProp(0.99, 1e-5, 0, false, 0, Map.of()));
    Made sac = Made.of(read("sac"));
    assertThat(sac.start().store().moments().keySet())
        .containsExactlyInAnyOrder("exp_avg", "exp_avg_sq", "step");
    assertThat(moment(sac, "step", "temperature.log_temperature")[0]).isEqualTo(40);
    assertThat(moment(sac, "step", "policy.0.bias")[0]).isEqualTo(40);
    assertThat(moment(sac, "exp_avg", "temperature.log_temperature")[0]).isNotZero();
    assertThat(sac.start().store().optimizerSteps()).isEqualTo(120);
    Made td3 = Made.of(read("td3"));
    assertThat(moment(td3, "step", "critics.critic-2.1.weight")[0]).isEqualTo(40);
    assertThat(moment(td3, "step", "policy.0.weight")[0]).isEqualTo(20); // every second gradient
  }

  @Test
  void takesOverSettings() throws IOException {
    StableBaselinesRun run = read("ppo-box");
    TrainingConfig config = run.config("Pendulum-v1");
    PpoConfig ppo = (PpoConfig) config.algorithm();
    assertThat(ppo.steps()).isEqualTo(32);
    assertThat(ppo.minibatchSize()).isEqualTo(16);
    assertThat(ppo.epochs()).isEqualTo(2);
    assertThat(ppo.initialLogDeviation()).isEqualTo(-1);
    assertThat(config.network().hidden()).containsExactly(7);
    assertThat(config.network().activation()).isEqualTo(Activation.RELU);
    assertThat(config.environment().count()).isEqualTo(2);
    assertThat(config.environment().id()).isEqualTo("Pendulum-v1");
    assertThat(config.seed()).isEqualTo(3);
    assertThat(config.stop().environmentSteps()).isEqualTo(256);
    assertThat(config.normalization()).isEqualTo(new NormalizationConfig(true, true, false, 5));
    Made made = Made.of(run);
    assertThat(Objects.requireNonNull(made.start().observations()).count()).isGreaterThan(128);
    assertThat(Objects.requireNonNull(made.start().returns()).variance(0)).isPositive();
    // Functions are code: the optimizer knows the rate that it took last.
    assertThat(ppo.learningRate()).isEqualTo(Schedule.constant(5e-4));
    assertThat(ppo.clipRange()).isEqualTo(Schedule.constant(0.2));
    assertThat(run.notes())
        .satisfiesExactly(
            note ->
                assertThat(note)
                    .startsWith("learning_rate is 5.0E-4, the optimizer's last: ")
                    .contains("its pickle names cloudpickle.cloudpickle._make_function"),
            note -> assertThat(note).startsWith("clip_range was not taken over: "));

    assertThat(Made.of(read("ppo-discrete")).policy().actionSpace()).isEqualTo(new Discrete(2));
    assertThat(read("ppo-discrete").notes()).isEmpty();
    SacConfig sac = (SacConfig) read("sac").config("Pendulum-v1").algorithm();
    assertThat(sac.automaticTemperature()).isTrue();
    assertThat(sac.temperature()).isEqualTo(0.5);
    assertThat(sac.targetEntropy()).isEqualTo(-2);
    assertThat(sac.warmUpSteps()).isEqualTo(20);
    assertThat(sac.replay().capacity()).isEqualTo(200);
    SacConfig fixed = (SacConfig) read("sac-fixed").config("Pendulum-v1").algorithm();
    assertThat(fixed.automaticTemperature()).isFalse();
    assertThat(fixed.temperature()).isEqualTo(0.2);
    assertThat(fixed.gradientSteps()).isEqualTo(-1);
    DqnConfig dqn = (DqnConfig) read("dqn").config("CartPole-v1").algorithm();
    assertThat(dqn.trainFrequency()).isEqualTo(2);
    assertThat(dqn.targetInterval()).isEqualTo(20);
    assertThat(dqn.explorationSteps()).isEqualTo(8);
    Td3Config td3 = (Td3Config) read("td3").config("Pendulum-v1").algorithm();
    assertThat(td3.noise()).isEqualTo(new ActionNoise.Gaussian(0.3));
    assertThat(td3.policyDelay()).isEqualTo(2);
    assertThat(td3.critics()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void readsPicklesOfAllProtocols(int protocol) throws IOException {
    Made newest = Made.of(read("ppo-box"));
    Made older =
        Made.of(
            StableBaselinesRun.read(
                folder().resolve("ppo-box.zip"),
                folder().resolve("ppo-box.protocol-" + protocol + ".pkl")));
    assertThat(older.config()).isEqualTo(newest.config());
    RunningStatistics expected = Objects.requireNonNull(newest.start().observations());
    RunningStatistics observations = Objects.requireNonNull(older.start().observations());
    assertThat(observations.count()).isEqualTo(expected.count());
    assertThat(observations.mean()).isEqualTo(expected.mean());
    assertThat(observations.variance()).isEqualTo(expected.variance());
  }

  @Test
  void readsWhatOlderVersionsWrote() throws IOException {
    StableBaselinesRun older = read("ppo-older");
    assertThat(older.notes()).isEmpty();
    assertThat(older.spaces()).isEqualTo(read("ppo-discrete").spaces());
    assertThat(Made.of(older).parameters()).isEqualTo(Made.of(read("ppo-discrete")).parameters());
  }

  @Test
  void saysWhatDoesNotFit() throws IOException {
    StableBaselinesRun run = read("ppo-discrete");
    TrainingConfig config = run.config("CartPole-v1");
    Box four = Box.unbounded(4);
    assertThatThrownBy(() -> run.start(config, policyOf(config, four, new Discrete(3))))
        .isInstanceOf(IOException.class)
        .hasMessage(
            folder().resolve("ppo-discrete.zip")
                + " was trained for actions in Discrete(2), but the environment's are in Discrete(3)");
    assertThatThrownBy(() -> run.start(config, policyOf(config, Box.unbounded(5), new Discrete(2))))
        .hasMessageContaining("was trained on observations in Box(4)");
    TrainingConfig wider = config.withNetwork(config.network().withHidden(List.of(8, 7)));
    assertThatThrownBy(() -> run.start(wider, policyOf(wider, four, new Discrete(2))))
        .hasMessageContaining(
            "mlp_extractor.policy_net.2.weight, of shape [6, 8], does not fit into policy.1.weight of"
                + " shape [7, 8]");
    TrainingConfig deeper = config.withNetwork(config.network().withHidden(List.of(8, 6, 6)));
    assertThatThrownBy(() -> run.start(deeper, policyOf(deeper, four, new Discrete(2))))
        .hasMessageContaining(
            "has no tensor mlp_extractor.policy_net.4.weight, which would be policy.2.weight");
    assertThatThrownBy(
            () ->
                StableBaselinesRun.read(
                    folder().resolve("ppo-discrete.zip"), folder().resolve("ppo-discrete.json")))
        .hasMessageContaining("ppo-discrete.json: it is no pickle of the protocols 2 to 5");
  }
}
