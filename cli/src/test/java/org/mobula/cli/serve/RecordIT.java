package org.mobula.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.parquet.format.Util;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.MobulaProcesses;
import org.mobula.cli.TrainingFiles;

/** A server that records, as a process that signals end. */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
class RecordIT {
  private final HttpClient client = HttpClient.newHttpClient();

  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // by train()
  private MobulaProcesses mobula;

  @BeforeEach
  void train() throws Exception {
    mobula = MobulaProcesses.in(folder);
    String training = TrainingFiles.file(folder, "training.yaml", TrainingFiles.TINY);
    assertThat(mobula.start("train", training, "--name", "p").waitFor()).isZero();
  }

  @AfterEach
  void endAll() throws InterruptedException {
    mobula.endAll();
  }

  /** A server's process and where it listens. */
  private record Server(Process process, String url) {}

  private Server serve(String rollEvery) throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "serve.yaml",
            "port: 0\nmodels: {p: {path: runs/p}}\nrecord: {directory: data, roll-every: %s}\n"
                .formatted(rollEvery));
    Process process = mobula.start("serve", "--config", file, "--json");
    return new Server(process, MobulaProcesses.nextLine(process).get("address").asText());
  }

  private String act(Server server) throws Exception {
    JsonNode answer =
        new ObjectMapper()
            .readTree(post(server, "act", "{\"observation\":[0,0,0,0],\"session\":\"e\"}"));
    return answer.get("id").asText();
  }

  private String post(Server server, String verb, String body) throws Exception {
    return client
        .send(
            HttpRequest.newBuilder(URI.create(server.url() + "/v1/policies/p/" + verb))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString())
        .body();
  }

  private long recordedSteps(Server server) throws Exception {
    String metrics =
        client
            .send(
                HttpRequest.newBuilder(URI.create(server.url() + "/metrics")).build(),
                BodyHandlers.ofString())
            .body();
    String name = "mobula_serve_recorded_rows_total{table=\"steps\"} ";
    String line = metrics.lines().filter(l -> l.startsWith(name)).findFirst().orElseThrow();
    return (long) Double.parseDouble(line.substring(name.length()));
  }

  /** Rows that the files with final names tell; fails if one has no whole footer. */
  private long rows(String table) throws IOException {
    Path directory = folder.resolve("data/p").resolve(table);
    long rows = 0;
    try (Stream<Path> list = Files.list(directory)) {
      List<Path> files = list.filter(file -> file.toString().endsWith(".parquet")).toList();
      for (Path file : files) {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length - 8;
        int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
        rows +=
            Util.readFileMetaData(new ByteArrayInputStream(bytes, end - length, length))
                .getNum_rows();
      }
    }
    return rows;
  }

  @Test
  void aKilledServerLosesWhatIsNotInAFileYet() throws Exception {
    Server server = serve("20ms");
    int answered = 0;
    while (recordedSteps(server) < 20) {
      act(server);
      answered++;
    }
    long recorded = recordedSteps(server);
    server.process().destroyForcibly().waitFor();
    assertThat(rows("steps")).isBetween(recorded, (long) answered);

    Server next = serve("20ms"); // takes the directory over
    act(next);
    MobulaProcesses.send("TERM", next.process());
    assertThat(next.process().waitFor()).isZero();
    assertThat(rows("steps")).isBetween(recorded + 1, answered + 1L);
  }

  @Test
  void aServerThatIsToldToEndLosesNothing() throws Exception {
    Server server = serve("1h");
    String id = "";
    for (int i = 0; i < 25; i++) {
      id = act(server);
    }
    assertThat(post(server, "feedback", "{\"id\":\"" + id + "\",\"reward\":1}"))
        .isEqualTo("{\"matched\":1,\"unmatched\":[]}");
    MobulaProcesses.send("TERM", server.process());
    assertThat(server.process().waitFor()).isZero();
    assertThat(rows("steps")).isEqualTo(25);
    assertThat(rows("rewards")).isEqualTo(1);
  }
}
