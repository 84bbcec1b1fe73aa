package org.mobula.core.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.config.Examples.Activation;
import org.mobula.core.config.Examples.Dqn;
import org.mobula.core.config.Examples.Env;
import org.mobula.core.config.Examples.Ppo;
import org.mobula.core.config.Examples.Run;
import org.mobula.core.config.Examples.Schedule;
import org.mobula.core.config.Examples.Stage;

class ConfigReaderTest {
  private static final String NAMED = "environment: {name: CartPole-v1}\n";

  private static Run read(String text, String... overrides) {
    return ConfigReader.read(
        text, "run.yaml", Run.class, List.of(overrides), Examples.ALTERNATIVES);
  }

  private static Ppo ppo(String settings, String... overrides) {
    return (Ppo) read(NAMED + "algorithm:\n  ppo:\n" + settings, overrides).algorithm();
  }

  /** The message of reading a text. */
  private static String mistakes(String text, String... overrides) {
    try {
      return "read: " + read(text, overrides);
    } catch (ConfigException e) {
      return String.join("\n", e.mistakes());
    }
  }

  /** The message of reading settings of PPO, which start in line 4. */
  private static String mistakesOfPpo(String settings, String... overrides) {
    return mistakes(NAMED + "algorithm:\n  ppo:\n" + settings, overrides);
  }

  @Test
  void takesAbsentKeysFromTheDefaults() {
    assertThat(read(NAMED)).isEqualTo(Run.defaults(Env.defaults("CartPole-v1")));
  }

  @Test
  void readsEveryType() {
    Run run =
        read(
            """
            environment:
              name: on
              count: 1_6
              options: {gravity: 9.8, sutton: false, seed: 7, big: 5000000000, name: "7", at: [1, a]}
            total-steps: 1e6
            time-limit: 1h30m
            directory: runs/first
            tags: [a, 'null']
            stages:
              warm: {steps: 10, reward: -.5}
            algorithm:
              ppo:
                clip-range: 1e-3
                gamma: 0.97
                normalize-advantage: False
                activation: leaky-relu
                hidden: [256, 256]
                learning-rate: {linear: {from: 0.001, to: 0}}
                target-kl: .inf
            """);

    assertThat(run.environment())
        .isEqualTo(
            new Env(
                "on",
                16,
                Map.of(
                    "gravity",
                    9.8,
                    "sutton",
                    false,
                    "seed",
                    7,
                    "big",
                    5_000_000_000L,
                    "name",
                    "7",
                    "at",
                    List.of(1, "a"))));
    assertThat(run.totalSteps()).isEqualTo(1_000_000);
    assertThat(run.timeLimit()).isEqualTo(Duration.ofMinutes(90));
    assertThat(run.directory()).isEqualTo(Path.of("runs/first"));
    assertThat(run.tags()).containsExactly("a", "null");
    assertThat(run.stages()).isEqualTo(Map.of("warm", new Stage(10, -0.5)));
    assertThat(run.algorithm())
        .isEqualTo(
            new Ppo(
                0.001,
                0.97f,
                128,
                64,
                false,
                Activation.LEAKY_RELU,
                List.of(256, 256),
                new Schedule.LinearDecay(0.001, 0),
                Double.POSITIVE_INFINITY));
  }

  @Test
  void readsDurationsOfCenturies() {
    assertThat(read(NAMED + "time-limit: 200000d").timeLimit()).isEqualTo(Duration.ofDays(200_000));
  }

  @Test
  void aScalarIsTheShorthandOfAnAlternative() {
    assertThat(ppo("    learning-rate: 0.001").learningRate())
        .isEqualTo(new Schedule.Constant(0.001));
  }

  @Test
  void anAlternativeWithoutSettingsHasItsDefaults() {
    assertThat(ppo("")).isEqualTo(Ppo.defaults());
    assertThat(read(NAMED + "algorithm: {dqn: }").algorithm()).isEqualTo(new Dqn());
  }

  @Test
  void overridesAreStrongerThanTheFileAndLaterOnesThanEarlier() {
    Ppo ppo =
        ppo(
            "    gamma: 7\n    learning-rate: 0.1",
            "algorithm.ppo.gamma=0.5",
            "algorithm.ppo.steps=64",
            "algorithm.ppo.steps=256",
            "algorithm.ppo.hidden=[32]",
            "algorithm.ppo.learning-rate.linear={from: 1, to: 0.5}");

    assertThat(ppo.gamma()).isEqualTo(0.5f);
    assertThat(ppo.steps()).isEqualTo(256);
    assertThat(ppo.hidden()).containsExactly(32);
    assertThat(ppo.learningRate()).isEqualTo(new Schedule.LinearDecay(1, 0.5));
  }

  @Test
  void anEmptyFileTakesOverrides() {
    assertThat(read("# nothing yet\n", "environment.name=CartPole-v1"))
        .isEqualTo(Run.defaults(Env.defaults("CartPole-v1")));
  }

  @Test
  void anchorsWork() {
    assertThat(read(NAMED + "stages: {a: &s {steps: 1, reward: 2}, b: *s}").stages())
        .containsEntry("b", new Stage(1, 2));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          clip-range: -0.1            | clip-range is -0.1 but must be > 0
          clip-range: .nan            | clip-range is .nan but must be a finite number
          clip-range: 1e999           | clip-range is 1e999 but must be a finite number
          target-kl: .nan             | target-kl is .nan but must be a number
          gamma: 1.5                  | gamma is 1.5 but must be ≥ 0 and ≤ 1
          gamma: high                 | gamma is "high" but must be a number
          steps: many                 | steps is "many" but must be a whole number
          steps: "64"                 | steps is "64" but must be a whole number, without quotes
          steps: 1.5                  | steps is 1.5 but must be a whole number
          steps: 3000000000           | steps is 3000000000 but must be ≤ 2147483647
          steps: true                 | steps is true but must be a whole number
          steps: [1, 2]               | steps is a list but must be a single value
          steps: {a: 1}               | steps is a mapping but must be a single value
          steps:                      | steps has no value
          normalize-advantage: yes    | normalize-advantage is "yes" but must be true or false
          normalize-advantage: "true" | normalize-advantage is "true" but must be true or false, without quotes
          activation: tnah            | activation is "tnah" but must be one of tanh, relu, leaky-relu; did you mean tanh?
          hidden: []                  | hidden is [] but must not be empty
          hidden: 64                  | hidden is 64 but must be a list, such as [1, 2] or [a]
          learning-rate: -1           | learning-rate is -1 but must be > 0
          learning-rate: fast         | learning-rate is "fast" but must be a number
          learning-rate: [1]          | learning-rate is a list but must be one of [constant, linear], or a mapping with exactly one of them
          learning-rate: {}           | learning-rate takes exactly one of [constant, linear], but has none
          batch-size: 60              | batch-size is 60 but must divide steps (128)
          clip-rnge: 0.1              | unknown key clip-rnge under algorithm.ppo; did you mean clip-range?
          """)
  void explainsAMistakeAtTheKeyOfTheValue(String setting, String mistake) {
    assertThat(mistakesOfPpo("    " + setting)).isEqualTo("run.yaml:4:5: " + mistake);
  }

  @Test
  void placesAMistakeInAListAtTheItem() {
    assertThat(mistakesOfPpo("    hidden: [64, 0]"))
        .isEqualTo("run.yaml:4:18: hidden[1] is 0 but must be ≥ 1");
    assertThat(mistakesOfPpo("    hidden: [64, 0.5]"))
        .isEqualTo("run.yaml:4:18: hidden[1] is 0.5 but must be a whole number");
  }

  @Test
  void saysThatADefaultBreaksTheRule() {
    assertThat(mistakesOfPpo("    steps: 100"))
        .isEqualTo("run.yaml:3:3: batch-size is 64 (the default) but must divide steps (100)");
  }

  @Test
  void reportsAllMistakesAtOnceInTheOrderOfTheFile() {
    assertThat(
            mistakes(
                """
                time-limit: 90
                algorithm:
                  ppo:
                    stps: 3
                    steps: many
                    gamma: 2
                    clip-range: 0
                total-steps: 0
                environment: {name: "", count: 0}
                """,
                "tags=a"))
        .isEqualTo(
            """
            run.yaml:1:1: time-limit is 90 but must be a duration such as 90s, 10m, 1h30m or 500ms
            run.yaml:4:5: unknown key stps under algorithm.ppo; did you mean steps?
            run.yaml:5:5: steps is "many" but must be a whole number
            run.yaml:6:5: gamma is 2 but must be ≥ 0 and ≤ 1
            run.yaml:7:5: clip-range is 0 but must be > 0
            run.yaml:8:1: total-steps is 0 but must be ≥ 1
            run.yaml:9:15: name is "" but must not be empty
            run.yaml:9:25: count is 0 but must be ≥ 1
            --set tags=a: tags is "a" but must be a list, such as [1, 2] or [a]""");
  }

  @Test
  void namesWhatIsMissingByItsWholePath() {
    assertThat(mistakes("")).isEqualTo("run.yaml:1:1: environment.name is missing");
    assertThat(mistakes("total-steps: 5\nenvironment:\n  count: 3"))
        .isEqualTo("run.yaml:2:1: environment.name is missing");
    assertThat(mistakes(NAMED + "stages: {a: {steps: 3}}"))
        .isEqualTo("run.yaml:2:10: stages.a.reward is missing");
    assertThat(mistakes(NAMED + "environment2: 3"))
        .isEqualTo("run.yaml:2:1: unknown key environment2; did you mean environment?");
  }

  @Test
  void leadsToTheKeyThatHasTheNameElsewhere() {
    assertThat(mistakesOfPpo("    lr: 0.1"))
        .isEqualTo("run.yaml:4:5: unknown key lr under algorithm.ppo; did you mean learning-rate?");
    assertThat(mistakes(NAMED, "clip_range=0.1"))
        .isEqualTo(
            "--set clip_range=0.1: unknown key clip_range; did you mean algorithm.ppo.clip-range?");
    assertThat(mistakes(NAMED + "reward: 1"))
        .isEqualTo("run.yaml:2:1: unknown key reward; did you mean stages.NAME.reward?");
    assertThat(mistakes(NAMED + "steps: 1"))
        .isEqualTo(
            "run.yaml:2:1: unknown key steps; did you mean algorithm.ppo.steps or"
                + " stages.NAME.steps?");
  }

  @Test
  void listsTheKnownKeysWhereNoneIsNear() {
    assertThat(mistakes(NAMED + "learner: 3"))
        .isEqualTo(
            "run.yaml:2:1: unknown key learner; known are algorithm, directory, environment, "
                + "stages, tags, time-limit, total-steps");
  }

  @Test
  void anAlternativeIsExactlyOne() {
    assertThat(mistakes(NAMED + "algorithm:\n  ppo: {}\n  dqn: {}"))
        .isEqualTo("run.yaml:4:3: algorithm takes exactly one of [dqn, ppo], but has ppo and dqn");
    assertThat(mistakes(NAMED + "algorithm: {pppo: {}}"))
        .isEqualTo("run.yaml:2:13: unknown key pppo under algorithm; did you mean ppo?");
    assertThat(mistakes(NAMED + "algorithm: pppo"))
        .isEqualTo(
            "run.yaml:2:1: algorithm is \"pppo\" but must be one of [dqn, ppo], or a mapping with "
                + "exactly one of them");
  }

  @Test
  void anAlternativeWithDefaultsMayBeItsNameAlone() {
    assertThat(read(NAMED + "algorithm: dqn").algorithm())
        .isEqualTo(read(NAMED + "algorithm: {dqn: {}}").algorithm());
  }

  @Test
  void overridesAreHeldToTheSameRules() {
    assertThat(mistakes(NAMED, "algorithm.ppo.clip-range=-1"))
        .isEqualTo("--set algorithm.ppo.clip-range=-1: clip-range is -1 but must be > 0");
    assertThat(mistakes(NAMED, "algorithm.ppo.clip-rnge=1"))
        .isEqualTo(
            "--set algorithm.ppo.clip-rnge=1: unknown key clip-rnge under algorithm.ppo; "
                + "did you mean clip-range?");
    assertThat(mistakes(NAMED, "total-steps", "tags.0=a", "=3"))
        .isEqualTo(
            """
            --set total-steps: must be key=value, such as algorithm.ppo.clip-range=0.1
            --set =3: must be key=value, such as algorithm.ppo.clip-range=0.1""");
    assertThat(mistakes(NAMED + "tags: [b]", "tags.0=a"))
        .isEqualTo("--set tags.0=a: tags is a list; set all of it");
    assertThat(mistakes(NAMED, "tags=[a"))
        .isEqualTo(
            "--set tags=[a: not valid YAML: while parsing a flow sequence: "
                + "expected ',' or ']', but got <stream end>");
  }

  @Test
  void duplicateKeysNameBothPlaces() {
    assertThat(mistakesOfPpo("    gamma: 1\n    steps: 64\n    gamma: 0.9"))
        .isEqualTo("run.yaml:6:5: duplicate key gamma, first at 4:5");
  }

  @Test
  void placesWhatIsNotYaml() {
    assertThat(mistakes("environment: {name: a"))
        .isEqualTo(
            "run.yaml:1:22: not valid YAML: while parsing a flow mapping: "
                + "expected ',' or '}', but got <stream end>");
    assertThat(mistakes("environment:\n\tname: a"))
        .isEqualTo("run.yaml:2:1: not valid YAML: a tab; indent with spaces");
    assertThat(mistakes("- a"))
        .isEqualTo(
            "run.yaml:1:1: the file is a list but must be a mapping with keys such as environment");
    assertThat(mistakes(NAMED + "tags: !!python/tuple [a]\ntotal-steps: !big 3"))
        .isEqualTo("run.yaml:3:1: tag !big has no meaning here; remove it");
  }

  @Test
  void boundsWhatAliasesExpandTo() {
    StringBuilder laughs = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
      String alias = "*a" + (i - 1);
      laughs.append("a%s: &a%s [%s".formatted(i, i, alias)).append((", " + alias).repeat(8));
      laughs.append("]\n");
    }

    assertThat(mistakes(laughs.toString()))
        .isEqualTo("run.yaml: more than 20000 values, aliases (*name) written out");
    assertThat(mistakes("tags: &loop [*loop]"))
        .isEqualTo("run.yaml:1:7: nested deeper than 50 levels");
    assertThat(mistakes("tags: " + "[".repeat(100_000)))
        .isEqualTo("run.yaml:1:1: nested deeper than 50 levels");
  }

  @Test
  void explainsFilesThatCannotBeRead(@TempDir Path directory) throws IOException {
    Path latin = Files.write(directory.resolve("latin.yaml"), new byte[] {'a', ':', (byte) 0xE9});

    assertThatThrownBy(() -> ConfigReader.read(directory, Run.class, List.of()))
        .hasMessage(directory + ": is a directory");
    assertThatThrownBy(() -> ConfigReader.read(directory.resolve("no.yaml"), Run.class, List.of()))
        .hasMessage(directory.resolve("no.yaml") + ": no such file");
    assertThatThrownBy(() -> ConfigReader.read(latin, Run.class, List.of()))
        .hasMessage(latin + ": is not UTF-8 text; save it in that encoding");
  }

  @Test
  void readsAFileWithAByteOrderMark(@TempDir Path directory) throws IOException {
    Path file = Files.write(directory.resolve("a.yaml"), ("\uFEFF" + NAMED).getBytes(UTF_8));

    assertThat(ConfigReader.read(file, Run.class, List.of(), Examples.ALTERNATIVES))
        .isEqualTo(read(NAMED));
  }

  @Test
  void aBuilderIsHeldToTheRulesOfTheFile() {
    Run run = Run.defaults(Env.defaults("CartPole-v1"));

    assertThatThrownBy(() -> run.withTotalSteps(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage("total-steps is 0 but must be ≥ 1");
    assertThatThrownBy(() -> new Env("", 0, Map.of()))
        .hasMessage("name is \"\" but must not be empty\ncount is 0 but must be ≥ 1");
  }
}
