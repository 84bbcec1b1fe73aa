package org.mobula.cli.environments;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.mobula.cli.Cli;
import org.mobula.cli.FailingEnvironment;

class EnvironmentsCommandTest {
  @Test
  void listsThemWithALineEach() {
    Cli.Outcome outcome = Cli.run("environments");
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .containsPattern("CartPole-v1 +Balance a pole")
        .containsPattern("Pendulum-v1 +Swing a pendulum");
  }

  @Test
  void describesOne() {
    assertThat(Cli.run("environments", "Pendulum-v1").out())
        .containsPattern("observations +Box\\(3\\), \\[-1.0, 1.0\\] × \\[-1.0, 1.0\\] × \\[-8.0")
        .containsPattern("actions +Box\\(1\\), \\[-2.0, 2.0\\]")
        .containsPattern("episode limit +200 steps")
        .containsPattern("option g +default 10.0");
  }

  @Test
  void checksOne() {
    Cli.Outcome outcome = Cli.run("environments", "CartPole-v1", "--check");
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out()).contains("CartPole-v1: keeps all its promises");
  }

  @Test
  void tellsAllBrokenPromisesOfAClass() throws IOException {
    String name = FailingEnvironment.class.getName();
    Cli.Outcome outcome = Cli.run("environments", name, "--check");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out().lines())
        .hasSizeBetween(2, 10)
        .anyMatch(line -> line.endsWith(" (and 98 more like this)"))
        .allMatch(line -> line.startsWith(name + ": broken: ") || line.contains(": note: "))
        .anyMatch(line -> line.contains("the wheel came off"));
    JsonNode finding =
        new ObjectMapper().readTree(Cli.run("environments", name, "--check", "--json").out());
    assertThat(finding.get("broken").size()).isGreaterThan(1);
  }

  @Test
  void schemaIsJsonThatKnowsTheAlgorithms() throws IOException {
    JsonNode schema = new ObjectMapper().readTree(Cli.run("schema").out());
    assertThat(
            schema
                .at("/properties/algorithm/anyOf/1/properties/ppo/properties/clip-range")
                .isObject())
        .isTrue();
    assertThat(Cli.run("schema", "--help").out()).contains("# yaml-language-server: $schema=");
  }
}
