package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.testing.NewThread;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
import org.mobula.core.training.config.SpaceConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Policies that are trained by those who ask over HTTP. */
@Timeout(120)
final class EpisodeServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ServeConfig ANY_PORT = ServeConfig.defaults().withPort(0);

  @TempDir private Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  @SuppressWarnings("NullAway.Init") // by start()
  private EpisodeServer server;

  @SuppressWarnings("NullAway.Init") // by train()
  private Trainer trainer;

  @SuppressWarnings("NullAway.Init") // by train()
  private CompletableFuture<TrainingResult> training;

  @AfterEach
  void close() {
    if (trainer != null) {
      trainer.stop("the test is over");
      training.join();
    }
    if (server != null) {
      server.close();
    }
  }

  private static ExternalEnvironmentConfig spaces(SpaceConfig actions) {
    return ExternalEnvironmentConfig.defaults(SpaceConfig.OfBox.defaults(List.of(2)), actions);
  }

  private static TrainingConfig config(
      ExternalEnvironmentConfig spaces, int count, AlgorithmConfig algorithm, long steps) {
    EnvironmentConfig environment = EnvironmentConfig.defaults(null, null, null, spaces);
    return TrainingConfig.defaults(environment.withCount(count), algorithm)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps));
  }

  private static PpoConfig ppo(int steps) {
    return PpoConfig.defaults().withSteps(steps).withMinibatchSize(steps).withEpochs(1);
  }

  private void train(TrainingConfig config) throws IOException {
    server = EpisodeServer.start("game", config.environment(), ANY_PORT);
    train(Trainer.builder(config));
  }

  private void train(Trainer.Builder builder) {
    trainer = builder.experience(server).build();
    training = CompletableFuture.supplyAsync(trainer::train, NewThread.EACH);
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return client.send(request(path, body).build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path, String body) {
    return HttpRequest.newBuilder(URI.create(server.url() + path).normalize())
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body));
  }

  private JsonNode act(String body) throws Exception {
    HttpResponse<String> answer = post("/act", body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  private void refused(int status, String path, String body, String sentence) throws Exception {
    HttpResponse<String> answer = post(path, body);
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(JSON.readTree(answer.body()).get("error").asText()).isEqualTo(sentence);
  }

  @Test
  void aClientTrainsByAskingAndHearsOfTheEnd() throws Exception {
    train(config(spaces(SpaceConfig.OfDiscrete.of(2)), 1, ppo(8), 16));
    JsonNode first = act("{\"observation\": [0.5, 1], \"session\": \"e\"}");
    assertThat(first.get("action").isInt()).isTrue();
    assertThat(first.get("action").asInt()).isBetween(0, 1);
    assertThat(first.get("id").asText()).isEqualTo("1-0");
    String version = first.get("version").asText();
    for (int step = 1; step < 8; step++) {
      JsonNode next =
          act("{\"observation\": [%s, 1], \"session\": \"e\", \"reward\": 2}".formatted(step));
      assertThat(next.get("version").asText()).isEqualTo(version);
    }
    JsonNode end =
        act("{\"observation\": [9, 1], \"session\": \"e\", \"reward\": 1, \"terminated\": true}");
    assertThat(end.toString()).isEqualTo("{\"episode_return\":15.0,\"episode_length\":8}");
    JsonNode newer =
        act("{\"observation\": [0, 1], \"session\": {\"id\": \"e\", \"start\": true}}");
    assertThat(Long.parseLong(newer.get("version").asText()))
        .isGreaterThan(Long.parseLong(version));
    for (int step = 1; step < 8; step++) {
      act("{\"observation\": [0, 1], \"session\": \"e\", \"reward\": 0}");
    }
    act("{\"observation\": [0, 1], \"session\": {\"id\": \"e\", \"end\": true}}");
    TrainingResult result = training.get();
    assertThat(result.progress().environmentSteps()).isEqualTo(16);
    assertThat(result.progress().episodes()).isEqualTo(2);
    assertThat(result.evaluation()).isEmpty(); // there is nothing to evaluate in
  }

  @Test
  void whoWaitsHearsThatTheTrainingIsOver() throws Exception {
    train(config(spaces(SpaceConfig.OfDiscrete.of(2)), 1, ppo(64), 64));
    act("{\"observation\": [0, 1], \"session\": \"a\"}"); // which takes the only lane
    HttpRequest beside = request("/act", "{\"observation\": [0, 1], \"session\": \"b\"}").build();
    CompletableFuture<HttpResponse<String>> one = client.sendAsync(beside, BodyHandlers.ofString());
    CompletableFuture<HttpResponse<String>> other =
        client.sendAsync(beside, BodyHandlers.ofString());
    HttpResponse<?> answered = (HttpResponse<?>) CompletableFuture.anyOf(one, other).get();
    assertThat(answered.statusCode()).isEqualTo(409); // so the other one waits
    trainer.stop("enough");
    assertThat(training.get().interrupted()).isTrue();
    server.close();
    HttpResponse<String> waited = one.get().statusCode() == 409 ? other.get() : one.get();
    assertThat(waited.statusCode()).isEqualTo(410);
    assertThat(waited.body())
        .isEqualTo("{\"error\":\"the training is over; nothing is learnt from this any more\"}");
    assertThatThrownBy(() -> post("/act", "{}")).isInstanceOf(IOException.class);
  }

  @Test
  void severalClientsTrainAtOnceAndOneThatFallsSilentHoldsNobodyUp() throws Exception {
    ExternalEnvironmentConfig impatient =
        spaces(SpaceConfig.OfDiscrete.of(2)).withTimeout(Duration.ofSeconds(1));
    train(config(impatient, 3, ppo(32), 192));
    act("{\"observation\": [0, 1], \"session\": \"silent\"}");
    List<CompletableFuture<Void>> clients =
        List.of("b", "c", "d").stream()
            .map(name -> CompletableFuture.runAsync(() -> play(name), NewThread.EACH))
            .toList();
    assertThat(training.get().progress().environmentSteps()).isEqualTo(192);
    server.close();
    clients.forEach(CompletableFuture::join);
  }

  /** Plays episodes of ten steps until the training is over. */
  private void play(String name) {
    try {
      for (int episode = 0; ; episode++) {
        for (int step = 0; step <= 10; step++) {
          String rest = step == 0 ? "" : ", \"reward\": 1, \"truncated\": " + (step == 10);
          String session = name + episode;
          HttpResponse<String> answer;
          do {
            answer =
                post(
                    "/act",
                    "{\"observation\": [%s, 0], \"session\": \"%s\"%s}"
                        .formatted(step, session, rest));
          } while (answer.statusCode() == 503); // it learns, or the lanes are taken
          if (answer.statusCode() == 410) {
            return;
          } else if (answer.statusCode() == 404) { // given up on a machine that is very busy
            break;
          }
          assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
      }
    } catch (IOException e) {
      return; // nobody listens any more
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void rewardsMayComeBesideAsAServedPolicyTakesThem() throws Exception {
    train(config(spaces(SpaceConfig.OfDiscrete.of(2)), 1, ppo(64), 64));
    String id = act("{\"observation\": [0, 1], \"session\": \"a\"}").get("id").asText();
    HttpResponse<String> answer =
        post(
            "/feedback",
            "[{\"id\": \"%s\", \"reward\": 1.5}, {\"id\": \"9-9\", \"reward\": 1}]".formatted(id));
    assertThat(answer.statusCode()).isEqualTo(202);
    assertThat(answer.body())
        .isEqualTo("{\"matched\":1,\"unmatched\":[{\"id\":\"9-9\",\"row\":0}]}");
    id = act("{\"observation\": [1, 1], \"session\": \"a\", \"reward\": 1}").get("id").asText();
    post("/feedback", "{\"id\": \"%s\", \"reward\": 4}".formatted(id));
    JsonNode end =
        act(
            "{\"observation\": [2, 1], \"session\": {\"id\": \"a\", \"end\": true}, \"reward\": 0.5}");
    assertThat(end.get("episode_return").asDouble()).isEqualTo(7);
    assertThat(end.get("episode_length").asInt()).isEqualTo(2);
    refused(
        400,
        "/feedback",
        "{\"id\": \"1-1\", \"row\": 1, \"reward\": 1}",
        "row is 1 but a session's answers have one row, 0");
  }

  @Test
  void actionsInABoxAreInItsUnits() throws Exception {
    SpaceConfig torque = new SpaceConfig.OfBox(List.of(1), List.of(10.0), List.of(14.0));
    train(config(spaces(torque), 1, SacConfig.defaults().withWarmUpSteps(5), 8));
    act("{\"observation\": [0, 1], \"session\": \"a\"}");
    for (int step = 1; step < 8; step++) {
      JsonNode action =
          act("{\"observation\": [%s, 1], \"session\": \"a\", \"reward\": 1}".formatted(step))
              .get("action");
      assertThat(action.size()).isEqualTo(1);
      assertThat(action.get(0).asDouble()).isBetween(10.0, 14.0);
    }
  }

  @Test
  void masksComeWithTheObservations() throws Exception {
    train(config(spaces(SpaceConfig.OfDiscrete.of(3)).withMasks(true), 1, ppo(64), 64));
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"a\"}",
        "mask is missing: the policy was trained with action masks; give 3 flags, true where the"
            + " choice is allowed");
    String mask = "\"mask\": [false, true, false]";
    assertThat(
            act("{\"observation\": [0, 1], %s, \"session\": \"a\"}".formatted(mask))
                .get("action")
                .asInt())
        .isEqualTo(1);
    for (int step = 0; step < 20; step++) {
      assertThat(
              act("{\"observation\": [0, 1], %s, \"session\": \"a\", \"reward\": 1}"
                      .formatted(mask))
                  .get("action")
                  .asInt())
          .isEqualTo(1);
    }
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"mask\": [false, false, false], \"session\": \"a\", \"reward\": 1}",
        "mask allows none of 3 choices; allow at least one");
  }

  @Test
  void mistakesAreAnsweredAndNothingOfThemIsDone() throws Exception {
    train(config(spaces(SpaceConfig.OfDiscrete.of(2)), 1, ppo(64), 64));
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1]}",
        "session is missing: give each episode a name, such as \"session\": \"7\"");
    refused(
        400,
        "/act",
        "{\"observation\": [0], \"session\": \"a\"}",
        "observation has 1 numbers but must have 2");
    refused(400, "/act", "{\"session\": \"a\"}", "observation is missing");
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"a\", \"rewards\": 1}",
        "there is no field 'rewards'; did you mean 'reward'?");
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"a\", \"reward\": \"1\"}",
        "reward is \"1\" but must be a finite number");
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"a\", \"reward\": 1e31}",
        "reward is 1.0E31 but must be a number from -1e30 to 1e30");
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"a\", \"terminated\": 1}",
        "terminated is 1 but must be true or false");
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"a\", \"deterministic\": true}",
        "deterministic is given but the policy explores while it is trained; leave it out");
    refused(
        400,
        "/act",
        "{\"observations\": [[0, 1]], \"session\": \"a\"}",
        "observations are given but a session shows one after the other; give observation");
    refused(400, "/act", "", "the body is empty but must be a JSON object");
    refused(
        400,
        "/act",
        "{\"observation\": [0, 1], \"session\": \"" + "a".repeat(201) + "\"}",
        "the session's name has 201 characters but may have 200");
    String unknown =
        "no session 'a' is open that this could continue: it has ended, or was silent for longer"
            + " than 60 s; start another episode, without a reward";
    refused(404, "/act", "{\"observation\": [0, 1], \"session\": \"a\", \"reward\": 1}", unknown);
    refused(
        404,
        "/act",
        "{\"observation\": [0, 1], \"session\": {\"id\": \"a\", \"start\": false}}",
        unknown);
    refused(
        404, "/act", "{\"observation\": [0, 1], \"session\": \"a\", \"truncated\": true}", unknown);
    refused(404, "/../other/act", "{}", "there is no policy 'other'; there is: game");
    refused(
        404,
        "/infer",
        "{}",
        "there is nothing at this path while a policy is trained; try POST /v1/policies/game/act");
    HttpResponse<String> wrongWay =
        client.send(
            HttpRequest.newBuilder(URI.create(server.url() + "/act")).build(),
            BodyHandlers.ofString());
    assertThat(wrongWay.statusCode()).isEqualTo(405);
    HttpResponse<String> live =
        client.send(
            HttpRequest.newBuilder(URI.create(server.url()).resolve("/v2/health/live")).build(),
            BodyHandlers.ofString());
    assertThat(live.body()).isEqualTo("{\"live\":true}");
    assertThat(act("{\"observation\": [0, 1], \"session\": \"a\"}").get("id").asText())
        .isEqualTo("1-0"); // the first session of all
  }

  @Test
  void aResumedRunBeginsWithNewSessions() throws Exception {
    TrainingConfig config = config(spaces(SpaceConfig.OfDiscrete.of(2)), 2, ppo(8), 48);
    server = EpisodeServer.start("game", config.environment(), ANY_PORT);
    train(Trainer.builder(config).directory(folder));
    act("{\"observation\": [0, 1], \"session\": \"a\"}");
    for (int step = 1; step <= 18; step++) { // a collection, and a part of the next
      act("{\"observation\": [%s, 1], \"session\": \"a\", \"reward\": 1}".formatted(step));
    }
    trainer.stop("to be resumed");
    assertThat(training.get().progress().environmentSteps()).isEqualTo(16);
    server.close();

    Path newest = new RunDirectory(folder).latest().orElseThrow();
    server = EpisodeServer.start("game", config.environment(), ANY_PORT);
    train(Trainer.builder(config).directory(folder).resume(Checkpoint.read(newest)));
    assertThat(
            post("/act", "{\"observation\": [19, 1], \"session\": \"a\", \"reward\": 1}")
                .statusCode())
        .isEqualTo(404);
    play("b");
    assertThat(training.get().progress().environmentSteps()).isEqualTo(48);
  }

  @Test
  void tokensAreAskedForAsAServerDoes() throws Exception {
    EnvironmentConfig environment =
        EnvironmentConfig.defaults(null, null, null, spaces(SpaceConfig.OfDiscrete.of(2)));
    assertThatThrownBy(() -> EpisodeServer.start("game", environment, ANY_PORT.withHost("0.0.0.0")))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("must be a loopback address where there are no tokens");
    Path token = Files.writeString(folder.resolve("token"), "a-token-of-some-length");
    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
    server = EpisodeServer.start("game", environment, ANY_PORT.withAdminTokenFile(token));
    HttpRequest.Builder wrong = request("/act", "{}");
    assertThat(client.send(wrong.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(401);
    HttpRequest.Builder right =
        request("/act", "{}").header("Authorization", "Bearer a-token-of-some-length");
    assertThat(client.send(right.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(400);
  }

  @Test
  void whatDoesNotGoTogetherIsRefused() {
    EnvironmentConfig named = EnvironmentConfig.defaults("CartPole-v1");
    assertThatThrownBy(() -> EpisodeServer.start("game", named, ANY_PORT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the environment is CartPole-v1 but must be external, with the spaces that other"
                + " processes play in");
    TrainingConfig config = config(spaces(SpaceConfig.OfDiscrete.of(2)), 1, ppo(8), 8);
    assertThatThrownBy(() -> Trainer.builder(config).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "environment.external is played by other processes, but nothing takes their episodes:"
                + " add .experience(EpisodeServer.start(name, config.environment(), settings)) of"
                + " the module serve");
  }
}
