package org.mobula.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.serve.batch.Batcher;
import org.mobula.serve.model.Model;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model by its name: the versions that serve it now. They are exchanged at once; the requests
 * that an old version has taken, it still answers.
 */
final class ServedModel {
  private static final Logger LOG = LoggerFactory.getLogger(ServedModel.class);
  private static final double TWO_TO_64 = 0x1p64;

  /** The golden ratio's fraction of 2⁶⁴: its multiples spread evenly. */
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private final String name;
  private final ModelConfig config;
  private final @Nullable Model given;
  private final TaskRuntime runtime;
  private final ScheduledExecutorService clock;
  private final Duration drainTimeout;
  private final ModelStatistics statistics;
  private final AtomicLong arrivals = new AtomicLong();
  private volatile @Nullable Routes routes;
  private volatile String trouble = "";

  /** What was last logged of it. */
  private String toldTrouble = "";

  /** Who answers what. */
  private record Routes(Deployment main, @Nullable Deployment canary, @Nullable Deployment shadow) {
    List<Deployment> all() {
      Set<Deployment> all = new LinkedHashSet<>();
      all.add(main);
      if (canary != null) {
        all.add(canary);
      }
      if (shadow != null) {
        all.add(shadow);
      }
      return List.copyOf(all);
    }
  }

  /**
   * A model that is not loaded yet.
   *
   * @param given what is served; if null, what the configuration's path holds
   * @param statistics of all that was and is served by this name
   */
  ServedModel(
      String name,
      ModelConfig config,
      @Nullable Model given,
      TaskRuntime runtime,
      ScheduledExecutorService clock,
      Duration drainTimeout,
      ModelStatistics statistics) {
    this.name = name;
    this.config = config;
    this.given = given;
    this.runtime = runtime;
    this.clock = clock;
    this.drainTimeout = drainTimeout;
    this.statistics = statistics;
  }

  ModelStatistics statistics() {
    return statistics;
  }

  String name() {
    return name;
  }

  ModelConfig config() {
    return config;
  }

  /** What went wrong when it was last looked after; empty if nothing did. */
  String trouble() {
    return trouble;
  }

  boolean isReady() {
    Routes now = routes;
    return now != null && now.main.batcher().isReady();
  }

  /** The versions that take requests, the default one first. */
  List<Deployment> deployments() {
    Routes now = routes;
    return now == null ? List.of() : now.all();
  }

  /** The version that answers requests which name none; null while it is not loaded. */
  @Nullable Deployment main() {
    Routes now = routes;
    return now == null ? null : now.main;
  }

  /** The version that computes requests too, unheard. */
  @Nullable Deployment shadow() {
    Routes now = routes;
    return now == null ? null : now.shadow;
  }

  /**
   * Who is to answer a request.
   *
   * @param version that it names, if any
   * @param session whose requests all go to one version, while the versions stay
   * @return null if there is no such version
   */
  @Nullable Deployment choose(@Nullable String version, @Nullable String session) {
    Routes now = routes;
    if (now == null) {
      return null;
    }
    if (version != null) {
      for (Deployment deployment : now.all()) {
        if (deployment.version().equals(version)) {
          return deployment;
        }
      }
      return null;
    }
    CanaryConfig split = config.canary();
    if (now.canary == null || split == null) {
      return now.main;
    }
    long key = session == null ? arrivals.incrementAndGet() : mix(session.hashCode());
    double point = ((key * GOLDEN) >>> 11) * (0x1p11 / TWO_TO_64);
    return point < split.weight() ? now.canary : now.main;
  }

  private static long mix(long hash) {
    long mixed = (hash ^ (hash >>> 15)) * 0xbf58476d1ce4e5b9L;
    return mixed ^ (mixed >>> 31);
  }

  /** Loads what the configuration means now, and exchanges what has changed. */
  synchronized void refresh() throws IOException {
    Routes before = routes;
    List<Deployment> known = before == null ? new ArrayList<>() : new ArrayList<>(before.all());
    List<Deployment> fresh = new ArrayList<>();
    try {
      CanaryConfig split = config.canary();
      Deployment main = deployment(config.version(), known, fresh);
      Deployment canary = split == null ? null : deployment(split.version(), known, fresh);
      String shadowed = config.shadow();
      Deployment shadow = shadowed == null ? null : deployment(shadowed, known, fresh);
      Routes after = new Routes(main, canary, shadow);
      routes = after;
      trouble = "";
      known.removeAll(after.all());
      known.forEach(this::retire);
    } catch (IOException | IllegalStateException e) {
      fresh.forEach(this::retire);
      trouble = String.valueOf(e.getMessage());
      throw e;
    }
  }

  private Deployment deployment(String version, List<Deployment> known, List<Deployment> fresh)
      throws IOException {
    ModelSource source =
        given == null ? ModelSource.find(config.path(), version) : ModelSource.GIVEN;
    for (List<Deployment> deployments : List.of(known, fresh)) {
      for (Deployment deployment : deployments) {
        if (deployment.source().equals(source)) {
          return deployment;
        }
      }
    }
    Model model = given == null ? source.load(config) : given;
    String called = source.version(model);
    VersionStatistics counted =
        statistics.of(called, known.stream().map(Deployment::version).toList());
    Batcher batcher =
        Batcher.start(
            runtime, clock, name + "/" + called, model, config.batching(), counted.batches());
    Deployment deployment = new Deployment(called, source, batcher, counted);
    fresh.add(deployment);
    LOG.info("{} serves version {}", name, called);
    return deployment;
  }

  /** As {@link #refresh}, but what serves goes on if that fails. */
  synchronized void watch() {
    try {
      if (routes != null) {
        refresh();
        toldTrouble = "";
      }
    } catch (IOException | RuntimeException | LinkageError e) {
      // Each second the same, where nothing changes.
      String said = String.valueOf(e.getMessage());
      if (!said.equals(toldTrouble)) {
        toldTrouble = said;
        LOG.warn("{} keeps the version that it has: {}", name, said);
      }
    }
  }

  private void retire(Deployment deployment) {
    Thread thread =
        new Thread(
            () -> deployment.batcher().close(drainTimeout),
            "serve-retire-" + name + "/" + deployment.version());
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Takes no more requests; returns when those there are have ended.
   *
   * @return whether they ended in time
   */
  @SuppressWarnings("CanIgnoreReturnValueSuggester") // who ignores it does so on purpose
  boolean close(Duration patience) {
    boolean all = true;
    List<Deployment> ending;
    synchronized (this) {
      ending = deployments();
      routes = null;
    }
    long end = System.nanoTime() + patience.toNanos();
    for (Deployment deployment : ending) {
      all &= deployment.batcher().close(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    }
    return all;
  }
}
