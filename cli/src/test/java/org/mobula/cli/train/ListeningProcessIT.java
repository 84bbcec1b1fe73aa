package org.mobula.cli.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.MobulaProcesses;

/** Processes that train a policy by asking it, with the clients among the examples. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
@Timeout(600)
class ListeningProcessIT {
  private static final Path CLIENTS = Path.of("examples/clients").toAbsolutePath();
  private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java") + "";

  @TempDir private Path folder;
  private final List<Process> clients = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // by makeRelease()
  private MobulaProcesses mobula;

  @BeforeEach
  void makeRelease() throws IOException {
    mobula = MobulaProcesses.in(folder);
  }

  @AfterEach
  void endAll() throws InterruptedException {
    mobula.endAll();
    clients.forEach(Process::destroyForcibly);
  }

  private Process train(String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                CLIENTS.resolve("follow.yaml").toString(),
                "--listen",
                "127.0.0.1:0",
                "--json"));
    arguments.addAll(List.of(more));
    return mobula.start(arguments.toArray(new String[0]));
  }

  private static String url(Process training) throws IOException {
    return MobulaProcesses.awaitEvent(training, "listening").get("url").asText();
  }

  private Process play(String... command) throws IOException {
    Process client = new ProcessBuilder(command).redirectErrorStream(true).start();
    clients.add(client);
    return client;
  }

  private Process playInJava(String url, String name) throws IOException {
    return play(JAVA, CLIENTS.resolve("Follow.java").toString(), url, name);
  }

  /** Chance has a return of about -14, a policy that always turns to the target about -2.5. */
  private void assertLearnt(Process training) throws Exception {
    JsonNode end = MobulaProcesses.awaitEvent(training, "end");
    assertThat(end.get("state").asText()).isEqualTo("finished");
    assertThat(training.waitFor()).isZero();
    List<String> lines = Files.readAllLines(folder.resolve("runs/follow-1/metrics.jsonl"));
    JsonNode last = new ObjectMapper().readTree(lines.get(lines.size() - 1));
    assertThat(last.get("rollout/episode_return_mean").asDouble()).isGreaterThan(-7);
  }

  @Test
  void clientsTrainAPolicyAndOneThatIsKilledHoldsNobodyUp() throws Exception {
    Process training = train("--set", "environment.external.timeout=5s");
    String url = url(training);
    Process killed = playInJava(url, "killed");
    Process other = playInJava(url, "other");
    assertThat(killed.inputReader(UTF_8).readLine()).startsWith("{\"episode_return\":-");
    killed.destroyForcibly();
    assertThat(other.inputReader(UTF_8).lines().toList()).last().isEqualTo("the training is over");
    assertLearnt(training);
  }

  @Test
  void aClientInPythonTrainsAPolicy() throws Exception {
    boolean there;
    try {
      there = play("python3", "-c", "a := 3").waitFor(60, TimeUnit.SECONDS);
    } catch (IOException e) {
      there = false;
    }
    assumeTrue(there, "this machine has no python3");
    Process training = train();
    Process client = play("python3", CLIENTS.resolve("follow.py").toString(), url(training));
    assertThat(client.inputReader(UTF_8).readLine())
        .matches("\\d+ episodes, mean return -\\d+.\\d of the first 20, -[1-5].\\d of the last");
    assertThat(client.waitFor()).isZero();
    assertLearnt(training);
    Process evaluation = mobula.start("evaluate", "follow-1");
    assertThat(evaluation.errorReader(UTF_8).lines().toList())
        .startsWith("mobula: other processes played the episodes that the policy was trained in");
    assertThat(evaluation.waitFor()).isEqualTo(2);
  }

  @Test
  void aSignalEndsARunThatNobodyPlaysWith() throws Exception {
    Process training = train();
    assertThat(url(training)).endsWith("/v1/policies/follow-1");
    MobulaProcesses.send("INT", training);
    assertThat(training.waitFor()).isEqualTo(130);
    Process resumed =
        mobula.start("train", "--resume", "follow-1", "--listen", "127.0.0.1:0", "--json");
    assertThat(url(resumed)).endsWith("/v1/policies/follow-1");
    MobulaProcesses.send("TERM", resumed);
    assertThat(resumed.waitFor()).isEqualTo(143);
  }
}
