package org.mobula.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.network.djl.PyTorchLibrary;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Policies;
import org.mobula.serve.model.TensorSpec;

@Timeout(300)
final class TorchScriptServerTest {
  private static final TensorSpec ANY_WIDTH = new TensorSpec("x", Datatype.FP32, List.of(-1, -1));

  @TempDir private Path folder;
  private final Client client = new Client();

  @SuppressWarnings("NullAway.Init") // by start()
  private PolicyServer server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  private static Path resource(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(TorchScriptServerTest.class.getResource("djl/" + name + ".pt"))
            .toURI());
  }

  /** Puts a file in its place, whole at once. */
  private static Path copy(String name, Path to) throws Exception {
    Files.createDirectories(Objects.requireNonNull(to.getParent()));
    Path written = to.resolveSibling("written");
    Files.copy(resource(name), written, StandardCopyOption.REPLACE_EXISTING);
    return Files.move(
        written, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private void start(ModelConfig model) throws IOException {
    server = PolicyServer.builder().port(0).model("m", model).start();
  }

  @Test
  void servesImagesOfAnyHeightAndWidth() throws Exception {
    TensorSpec image = new TensorSpec("x", Datatype.FP32, List.of(-1, 3, -1, -1));
    start(ModelConfig.defaults(resource("image")).withInputs(List.of(image)));
    for (int[] size : new int[][] {{16, 16}, {40, 48}}) {
      String pixels =
          Stream.generate(() -> "1").limit(3L * size[0] * size[1]).collect(Collectors.joining(","));
      HttpResponse<String> answer =
          infer("x", "FP32", "[1,3,%s,%s]".formatted(size[0], size[1]), "[" + pixels + "]");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains("\"shape\":[1,3]");
    }
    TensorSpec tooSmall = new TensorSpec("x", Datatype.FP32, List.of(-1, 3, 8, -1));
    assertThatThrownBy(
            () -> start(ModelConfig.defaults(resource("image")).withInputs(List.of(tooSmall))))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(
            "nor does it compute on another size from 1 to 512 where -1 is any: write the sizes"
                + " that it takes");
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return client.post(server, path, body);
  }

  private HttpResponse<String> infer(String input, String datatype, String shape, String data)
      throws Exception {
    return post(
        "/v2/models/m/infer",
        "{\"inputs\":[{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":%s,\"data\":%s}]}"
            .formatted(input, datatype, shape, data));
  }

  private String ones() throws Exception {
    HttpResponse<String> answer = infer("input__0", "FP32", "[1,4]", "[1,1,1,1]");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  @Test
  void servesAFileThatSaysNothingOfItself() throws Exception {
    start(ModelConfig.defaults(resource("double")));
    assertThat(ones()).contains("\"name\":\"output__0\"").contains("\"data\":[2.0,2.0,2.0,2.0]");
    HttpResponse<String> metadata = client.get(server, "/v2/models/m");
    assertThat(metadata.body()).contains("\"platform\":\"pytorch_libtorch\"");
  }

  @Test
  void whatDoesNotFitIsAnsweredBy400() throws Exception {
    start(ModelConfig.defaults(resource("double")));
    HttpResponse<String> narrow = infer("input__0", "FP32", "[1,3]", "[1,1,1]");
    assertThat(narrow.statusCode()).isEqualTo(400);
    assertThat(narrow.body()).contains("input 'input__0' has shape [1, 3] but must have [-1, 4]");
    HttpResponse<String> whole = infer("input__0", "INT64", "[1,4]", "[1,1,1,1]");
    assertThat(whole.statusCode()).isEqualTo(400);
    assertThat(whole.body()).contains("is of datatype INT64 but must be FP32");
    assertThat(infer("observation", "FP32", "[1,4]", "[1,1,1,1]").body())
        .contains("there is no input 'observation'; there are: input__0");
    HttpResponse<String> act = post("/v1/policies/m/act", "{\"observation\":[1,1,1,1]}");
    assertThat(act.statusCode()).isEqualTo(400);
    assertThat(act.body()).contains("model 'm' is no policy; ask POST /v2/models/m/infer");
  }

  @Test
  void servesWhatAFileOfSettingsSays() throws Exception {
    String yaml =
        """
        port: 0
        models:
          m:
            path: %s
            inputs:
              - {name: x, datatype: fp32, shape: [-1, 3]}
              - {name: index, datatype: int64, shape: [-1]}
              - {name: mask, datatype: bool, shape: [-1]}
        """
            .formatted(resource("mixed"));
    ServeConfig config =
        ConfigReader.read(yaml, "serve.yaml", ServeConfig.class, List.of(), Alternatives.none());
    server = PolicyServer.builder().config(config).start();
    HttpResponse<String> answer =
        post(
            "/v2/models/m/infer",
            "{\"inputs\":[{\"name\":\"mask\",\"datatype\":\"BOOL\",\"shape\":[1],\"data\":[true]},"
                + "{\"name\":\"index\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[2]},"
                + "{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1,3],\"data\":[1,2,3]}]}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body())
        .contains("\"data\":[1.0,2.0,3.0]")
        .contains("\"data\":[3]")
        .contains("\"data\":[true]");
  }

  @Test
  void anErrorInTheModelIsOnlyThatRequests() throws Exception {
    start(ModelConfig.defaults(resource("picky")).withInputs(List.of(ANY_WIDTH)));
    HttpResponse<String> bad = infer("x", "FP32", "[1,2]", "[1,-1]");
    assertThat(bad.statusCode()).isEqualTo(500);
    assertThat(bad.body()).contains("the model failed on this request");
    assertThat(infer("x", "FP32", "[1,3]", "[1,2,3]").body()).contains("\"data\":[1.0,2.0,3.0]");
  }

  @Test
  void aFileThatChangesAnswersInThePlaceOfTheOldOne() throws Exception {
    Path file = copy("double", folder.resolve("m.pt"));
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-02T03:04:05Z")));
    start(ModelConfig.defaults(file));
    assertThat(ones()).contains("\"data\":[2.0,").contains("\"20260102-030405\"");
    Files.writeString(file, "half of a file");
    assertThat(post("/v2/repository/models/m/load", "").statusCode()).isEqualTo(500);
    assertThat(ones()).contains("\"data\":[2.0,");
    copy("triple", file);
    while (!ones().contains("\"data\":[3.0,")) {
      Thread.onSpinWait(); // it is looked at every second
    }
  }

  @Test
  void numberedDirectoriesAreVersions() throws Exception {
    Path models = folder.resolve("models");
    copy("double", models.resolve("1/model.pt"));
    copy("triple", models.resolve("2/model.pt"));
    start(
        ModelConfig.defaults(models)
            .with(m -> m.version("1").canary(new CanaryConfig("newest", 0.5))));
    for (int i = 0; i < 8; i++) {
      String answer = ones();
      assertThat(answer.contains("\"model_version\":\"2\"")).isEqualTo(answer.contains("[3.0,"));
    }
    String input =
        "[{\"name\":\"input__0\",\"datatype\":\"FP32\",\"shape\":[1,4],\"data\":[1,1,1,1]}]";
    assertThat(post("/v2/models/m/versions/2/infer", "{\"inputs\":" + input + "}").body())
        .contains("[3.0,");
  }

  @Test
  void whatItCannotDoIsRefusedWithASentence() throws Exception {
    Path models = folder.resolve("models");
    copy("double", models.resolve("1/model.pt"));
    assertThatThrownBy(() -> start(ModelConfig.defaults(models).withVersion("best")))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("models has no version best; there are 1");
    assertThatThrownBy(() -> start(ModelConfig.defaults(resource("double")).withVersion("3")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("double.pt is one model and has no version 3; serve a directory");
    Path two = folder.resolve("two");
    copy("double", two.resolve("a.pt"));
    copy("double", two.resolve("b.pt"));
    assertThatThrownBy(() -> start(ModelConfig.defaults(two)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("holds several TorchScript files; name one of them");
    Path run = folder.resolve("run");
    Runs.checkpoint(run, 1, Policies.cartPole(1));
    assertThatThrownBy(() -> start(ModelConfig.defaults(run).withInputs(List.of(ANY_WIDTH))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a policy, which says itself what it takes");
  }

  /** A JVM of its own, whose class path lacks DJL, or libtorch. */
  static final class WithoutPyTorch {
    private WithoutPyTorch() {}

    /** Serves a run, asks it, and then tries the TorchScript file. */
    public static void main(String[] arguments) throws Exception {
      try (PolicyServer server =
          PolicyServer.builder().port(0).model("run", Path.of(arguments[0])).start()) {
        HttpResponse<String> answer =
            HttpClient.newHttpClient()
                .send(
                    HttpRequest.newBuilder(URI.create(server.url() + "/v1/policies/run/act"))
                        .POST(BodyPublishers.ofString("{\"observation\":[0,0,0,0]}"))
                        .build(),
                    BodyHandlers.ofString());
        Files.writeString(Path.of(arguments[2]), answer.body() + "\n");
        server.repository().load("m", ModelConfig.defaults(Path.of(arguments[1])));
      } catch (IOException e) {
        String said = Files.readString(Path.of(arguments[2]));
        Files.writeString(Path.of(arguments[2]), said + e.getMessage());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"djl|pytorch", "pytorch-native"})
  void withoutPyTorchPoliciesAreServedAndAFileSaysWhatIsMissing(String missing) throws Exception {
    Pattern lacks = Pattern.compile(missing);
    Path run = folder.resolve("run");
    Runs.checkpoint(run, 1, Policies.cartPole(1));
    Path said = folder.resolve("said");
    String classPath =
        Stream.of(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
            .filter(entry -> !lacks.matcher(entry).find())
            .collect(Collectors.joining(java.io.File.pathSeparator));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-DENGINE_CACHE_DIR=" + folder.resolve("no-library"),
                "-cp",
                classPath,
                WithoutPyTorch.class.getName(),
                run.toString(),
                resource("double").toString(),
                said.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(said)
        .content()
        .contains("\"action\":")
        .contains("double.pt needs PyTorch, which this JVM cannot load")
        .endsWith("); " + PyTorchLibrary.addition())
        .doesNotContain("multilayer perceptrons");
  }
}
