package org.mobula.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Instant;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.output.Terminal;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the libraries log, as the command line writes it. */
final class LogTest {
  private final StringWriter err = new StringWriter();
  private final Logger mobula = LoggerFactory.getLogger("org.mobula.serve.batch.Batcher");

  @AfterEach
  void asBefore() {
    Log.current()
        .configure(
            LogLevel.WARN,
            LogFormat.TEXT,
            new PrintWriter(System.err, true, Charset.defaultCharset()));
  }

  private void configure(LogLevel level, LogFormat format) {
    Log.current().configure(level, format, new PrintWriter(err, true));
  }

  @Test
  void writesWarningsAndWhatTheAccessLogSays() {
    configure(LogLevel.WARN, LogFormat.TEXT);
    mobula.warn("{} of {}\nforged", 1, "two");
    mobula.info("not shown");
    LoggerFactory.getLogger("org.mobula.serve.access").info("GET /v2");
    LoggerFactory.getLogger("io.netty.channel.Channel").info("not shown");
    LoggerFactory.getLogger("ai.djl.Engine").warn("odd");
    LoggerFactory.getLogger("io.grpc.Server").warn("not shown");
    assertThat(err.toString().lines().map(line -> line.replaceFirst("^\\S+Z ", "")))
        .containsExactly(
            "WARN  org.mobula.serve.batch.Batcher: 1 of two forged",
            "INFO  org.mobula.serve.access: GET /v2",
            "WARN  ai.djl.Engine: odd");
  }

  @Test
  void writesWhatTheLevelSays() {
    configure(LogLevel.DEBUG, LogFormat.TEXT);
    mobula.debug("shown");
    LoggerFactory.getLogger("io.netty.channel.Channel").debug("not shown");
    LoggerFactory.getLogger("io.netty.channel.Channel").info("shown as well");
    configure(LogLevel.OFF, LogFormat.TEXT);
    mobula.error("not shown");
    LoggerFactory.getLogger("org.mobula.serve.access").info("not shown");
    assertThat(err.toString()).contains(": shown\n", ": shown as well\n").doesNotContain("not");
  }

  @Test
  void writesJson() throws Exception {
    configure(LogLevel.WARN, LogFormat.JSON);
    Instant before = Instant.now().minusSeconds(1);
    mobula.error("a \"fault\"", new IllegalStateException("broken\nin two"));
    assertThat(err.toString().lines()).hasSize(1);
    JsonNode line = new ObjectMapper().readTree(err.toString());
    assertThat(line.get("level").asText()).isEqualTo("ERROR");
    assertThat(line.get("logger").asText()).isEqualTo("org.mobula.serve.batch.Batcher");
    assertThat(line.get("message").asText()).isEqualTo("a \"fault\"");
    assertThat(line.get("error").asText())
        .isEqualTo("java.lang.IllegalStateException: broken\nin two");
    assertThat(line.get("stack").asText()).contains("\n\tat org.mobula.cli.log.LogTest.writesJson");
    assertThat(Instant.parse(line.get("time").asText())).isAfter(before);
  }

  @Test
  void goesAboveTheProgressBar(@TempDir Path folder) throws Exception {
    Cli.Outcome outcome =
        Cli.run(
            new Terminal(80, true, "mobula"),
            "train",
            TrainingFiles.tiny(folder),
            "--runs-directory",
            folder.resolve("runs").toString(),
            "--set",
            "environment.name=" + TalkingEnvironment.class.getName());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    String wiped = Pattern.quote("\r\u001b[K\r\u001b[1A\u001b[K");
    assertThat(outcome.err())
        .containsPattern(wiped + "\\S+Z WARN  org.mobula.Talking: a hundred steps\n");
  }

  /** Logs in its hundredth step, which is taken while a bar is drawn. */
  public static final class TalkingEnvironment implements Environment {
    private static final Logger LOG = LoggerFactory.getLogger("org.mobula.Talking");
    private int steps;

    /** For the registry. */
    public TalkingEnvironment() {}

    @Override
    public Space observationSpace() {
      return Box.of(0, 1, 1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2, 0);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      observation[0] = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      if (++steps == 100) {
        LOG.warn("a hundred steps");
      }
      step.observation[0] = 0;
      step.truncated = steps % 10 == 0;
    }
  }

  @Test
  void optionsSayHowItIsWritten() {
    Cli.Outcome wrong = Cli.run("runs", "--log-level", "loud");
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err())
        .contains("--log-level")
        .contains("[OFF, ERROR, WARN, INFO, DEBUG, TRACE]");
    Cli.Outcome runs = Cli.run("environments", "--log-level", "info", "--log-format", "json");
    assertThat(runs.exitCode()).as(runs.err()).isZero();
    assertThat(LoggerFactory.getLogger("org.mobula.x").isInfoEnabled()).isTrue();
    assertThat(LoggerFactory.getLogger("org.mobula.x").isDebugEnabled()).isFalse();
  }
}
