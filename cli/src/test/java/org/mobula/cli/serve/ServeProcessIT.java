package org.mobula.cli.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.cli.MobulaProcesses;
import org.mobula.cli.TrainingFiles;

/** The packaged server, ended by signals. */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
final class ServeProcessIT {
  private static final String BODY = "{\"observation\": [0, 0, 0, 0]}";

  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // by train()
  private MobulaProcesses mobula;

  @BeforeEach
  void train() throws Exception {
    mobula = MobulaProcesses.in(folder);
    Process training = mobula.start("train", TrainingFiles.tiny(folder), "--name", "tiny");
    assertThat(training.waitFor()).isZero();
  }

  @AfterEach
  void endAll() throws InterruptedException {
    mobula.endAll();
  }

  private int port(Process process) throws IOException {
    String url = MobulaProcesses.nextLine(process).get("address").asText();
    return URI.create(url).getPort();
  }

  /** A connection with a request that is answered, and one of which the last byte is missing. */
  private static Socket halfAsked(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    String request =
        ("POST /v1/policies/tiny/act HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Content-Length: %s\r\n\r\n%s")
            .formatted(BODY.length(), BODY);
    String both = request + request;
    socket.getOutputStream().write(both.substring(0, both.length() - 1).getBytes(UTF_8));
    assertThat(socket.getInputStream().read()).isEqualTo('H');
    return socket;
  }

  private static void awaitRefusal(int port) throws IOException {
    while (true) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
      } catch (ConnectException e) {
        return;
      } catch (SocketException e) {
        assertThat(e).as("it was just about to stop listening").hasMessageContaining("reset");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  void aSignalLetsItAnswerWhatIsUnderWayAndIsNoFailure(String signal) throws Exception {
    Process process = mobula.start("serve", "tiny", "--port", "0", "--json");
    int port = port(process);
    try (Socket socket = halfAsked(port)) {
      MobulaProcesses.send(signal, process);
      awaitRefusal(port);
      socket.getOutputStream().write('}');
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      assertThat(answer.split("\"action\":", -1)).hasSize(3);
      assertThat(answer).containsIgnoringCase("connection: close");
    }
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void whatIsUnderWayAfterTheDrainTimeoutIsAFailure() throws Exception {
    Process process =
        mobula.start("serve", "tiny", "--port", "0", "--json", "--set", "drain-timeout=100ms");
    int port = port(process);
    try (Socket socket = halfAsked(port)) {
      MobulaProcesses.send("TERM", process);
      assertThat(process.waitFor()).isEqualTo(1);
      assertThat(process.errorReader(UTF_8).lines())
          .contains(
              "mobula: not all that was under way ended within drain-timeout",
              "Give it more time, or look for a model that does not return.");
      assertThat(socket.isConnected()).isTrue();
    }
  }

  @Test
  void aSecondSignalEndsItAtOnce() throws Exception {
    Process process = mobula.start("serve", "tiny", "--port", "0", "--json");
    int port = port(process);
    try (Socket socket = halfAsked(port)) {
      MobulaProcesses.send("TERM", process);
      awaitRefusal(port);
      MobulaProcesses.send("TERM", process);
      assertThat(process.waitFor()).isEqualTo(143);
      assertThat(socket.isConnected()).isTrue();
    }
  }
}
