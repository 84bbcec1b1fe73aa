package org.mobula.serve;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.collection.ExternalEpisodes;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.environment.ExternalEnvironment;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
import org.mobula.serve.http.AccessEntry;
import org.mobula.serve.http.HttpServer;

/**
 * Has other processes train a policy: a game engine or a test rig asks for actions over HTTP, tells
 * what came of them, and a trainer learns from that.
 *
 * <pre>{@code
 * try (EpisodeServer server = EpisodeServer.start("game", config.environment(), settings)) {
 *   System.out.println(server.url());
 *   Trainer.builder(config).experience(server).build().train();
 * }
 * }</pre>
 *
 * <p>It answers from its start on; requests wait until the trainer collects. One training run takes
 * the episodes.
 */
public final class EpisodeServer
    implements Function<ExperienceSetup, ExperienceSource>, AutoCloseable {
  private final ServeConfig settings;
  private final String name;
  private final ExternalEnvironment environment;
  private final ExternalEpisodes episodes;
  private final HttpServer http;
  private final @Nullable TokenFiles tokenFiles;
  private final ScheduledExecutorService timeouts =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "episode-timeouts");
            thread.setDaemon(true);
            return thread;
          });

  @SuppressWarnings("FutureReturnValueIgnored") // ends with the executor
  private EpisodeServer(String name, ExternalEnvironmentConfig external, ServeConfig settings)
      throws IOException {
    ServeConfig.checkName(name);
    this.settings = settings;
    this.name = name;
    this.environment = external.environment();
    this.episodes = new ExternalEpisodes(environment, external.timeout(), System::nanoTime);
    this.tokenFiles = TokenFiles.of(settings);
    boolean started = false;
    try {
      http =
          HttpServer.start(
              PolicyServer.http(
                  settings,
                  tokenFiles == null ? null : tokenFiles.known(),
                  PolicyServer.tls(settings),
                  settings.accessLog() ? AccessEntry.toSlf4j() : null),
              new EpisodeApi(name, environment, episodes));
      started = true;
    } finally {
      if (!started) {
        closeFiles();
      }
    }
    if (tokenFiles != null) {
      tokenFiles.watch(http::replaceTokens);
    }
    long look = Math.max(1, Math.min(1000, external.timeout().toMillis() / 4));
    timeouts.scheduleWithFixedDelay(episodes::refuseOverdue, look, look, TimeUnit.MILLISECONDS);
  }

  /**
   * Listens from now on.
   *
   * @param name of the policy, in {@code /v1/policies/NAME/act}
   * @param environment whose {@code external} says the spaces
   * @param settings where to listen, and whom to let in; its models are of no account
   * @throws IllegalArgumentException if the environment is not external
   * @throws IOException if the address is taken
   */
  public static EpisodeServer start(
      String name, EnvironmentConfig environment, ServeConfig settings) throws IOException {
    ExternalEnvironmentConfig external = environment.external();
    if (external == null) {
      throw new IllegalArgumentException(
          "the environment is %s but must be external, with the spaces that other processes play in"
              .formatted(environment.id()));
    }
    return new EpisodeServer(name, external, settings);
  }

  /** Where it listens, with the port that it got. */
  public InetSocketAddress address() {
    return http.address();
  }

  /** Where the policy is asked: before {@code /act} and {@code /feedback}. */
  public String url() {
    String scheme = settings.certificate() == null ? "http" : "https";
    return PolicyServer.url(scheme, http.address()) + "/v1/policies/" + name;
  }

  /** The source of a run's experience, with a lane for each of its environments. */
  @Override
  public ExperienceSource apply(ExperienceSetup setup) {
    if (!setup.policy().observationSpace().equals(environment.observationSpace())
        || !setup.policy().actionSpace().equals(environment.actionSpace())) {
      throw new IllegalArgumentException(
          "episodes come with observations %s and actions %s, but the policy has %s and %s"
              .formatted(
                  environment.observationSpace(),
                  environment.actionSpace(),
                  setup.policy().observationSpace(),
                  setup.policy().actionSpace()));
    }
    int count = setup.config().environment().count();
    List<RolloutCollector> lanes = new ArrayList<>(count);
    try {
      for (int i = 0; i < count; i++) {
        lanes.add(setup.collector(i, count));
      }
      return episodes.collector(lanes);
    } catch (RuntimeException | Error e) {
      lanes.forEach(RolloutCollector::close);
      throw e;
    }
  }

  /** Tells those who ask that the training is over, and ends. */
  @Override
  public void close() {
    episodes.close();
    http.stop(settings.drainTimeout());
    closeFiles();
  }

  private void closeFiles() {
    timeouts.shutdownNow();
    if (tokenFiles != null) {
      tokenFiles.close();
    }
  }
}
