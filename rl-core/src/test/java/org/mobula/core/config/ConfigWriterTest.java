package org.mobula.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.config.Examples.Activation;
import org.mobula.core.config.Examples.Dqn;
import org.mobula.core.config.Examples.Env;
import org.mobula.core.config.Examples.Ppo;
import org.mobula.core.config.Examples.Run;
import org.mobula.core.config.Examples.Schedule;
import org.mobula.core.config.Examples.Stage;

class ConfigWriterTest {
  private static final Run DEFAULTS = Run.defaults(Env.defaults("CartPole-v1"));

  private static void assertRoundTrip(Run run) {
    String yaml = ConfigWriter.write(run, Examples.ALTERNATIVES);
    assertThat(ConfigReader.read(yaml, "run.yaml", Run.class, List.of(), Examples.ALTERNATIVES))
        .as(yaml)
        .isEqualTo(run);
  }

  @Test
  void writesAllSettingsInKebabCase() {
    assertThat(
            ConfigWriter.write(
                DEFAULTS.withStages(Map.of("a", new Stage(1, 1e-7))), Examples.ALTERNATIVES))
        .isEqualTo(
            """
            environment:
              name: CartPole-v1
              count: 8
              options: {}
            algorithm:
              ppo:
                clip-range: 0.2
                gamma: 0.99
                steps: 128
                batch-size: 64
                normalize-advantage: true
                activation: tanh
                hidden: [64, 64]
                learning-rate:
                  constant:
                    value: 0.0003
                target-kl: .inf
            total-steps: 100000
            time-limit: null
            directory: null
            tags: []
            stages:
              a:
                steps: 1
                reward: 0.0000001
            """);
  }

  @Test
  void roundTrips() {
    assertRoundTrip(DEFAULTS);
    assertRoundTrip(
        DEFAULTS
            .withTimeLimit(Duration.parse("P1DT2H3M4.005S"))
            .withDirectory(Path.of("a b/c"))
            .withTotalSteps(Long.MAX_VALUE)
            .withAlgorithm(new Dqn())
            .withStages(Map.of("a: b", new Stage(-1, -0.0), "2", new Stage(0, Double.MIN_VALUE))));
    assertRoundTrip(
        DEFAULTS.withAlgorithm(
            new Ppo(
                1.0 / 3,
                1f / 3,
                64,
                64,
                false,
                Activation.LEAKY_RELU,
                List.of(1),
                new Schedule.LinearDecay(1e300, -1e-300),
                0)));
    assertRoundTrip(
        DEFAULTS.withEnvironment(
            new Env(
                "x",
                1,
                Map.of("list", List.of(1, 2.0, "3", List.of(), Map.of("k", true)), "f", -5.0))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "~",
        "",
        "true",
        "No",
        "on",
        "1",
        "1.0",
        "1e5",
        ".inf",
        ".5",
        "- a",
        "a: b",
        "a #b",
        "#",
        "'",
        "\"\\",
        "two\nlines",
        "\ttab",
        "é",
        "漢字",
        "🙂",
        "{a}",
        "[",
        "*a",
        "&a",
        "!a",
        "a:",
        "%",
        "@",
        "`",
        "?",
        "-",
        "--- ",
        "...",
        "=",
        "<<",
        " padded ",
        "\u0085\u2028\u0000",
        "2026-01-01",
        "0x10",
        "1_000",
        "a,b",
        "C:\\x",
        "/abs/path",
        "NaN",
        "\uFEFFa"
      })
  void quotesTextThatYamlWouldMistake(String text) {
    assertRoundTrip(DEFAULTS.withTags(List.of(text)));
    assertRoundTrip(DEFAULTS.withEnvironment(new Env("x", 1, Map.of(text, text))));
  }

  @Test
  void refusesARecordThatHasNoKey() {
    assertThatThrownBy(() -> ConfigWriter.write(DEFAULTS, Alternatives.none()))
        .hasMessage(
            "org.mobula.core.config.Examples$Algorithm is an open interface: "
                + "name its records with Alternatives.of");
  }
}
