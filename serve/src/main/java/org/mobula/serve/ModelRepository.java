package org.mobula.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.serve.batch.BatchingConfig;
import org.mobula.serve.model.Model;
import org.mobula.serve.protocol.Documents.IndexEntry;

/**
 * The models of a server. Runs are looked at every second: when the newest or best checkpoint is
 * another one, it is loaded beside the old one, and then answers in its place.
 */
public final class ModelRepository implements AutoCloseable {
  private final TaskRuntime runtime;
  private final Duration drainTimeout;
  private final Map<String, ServedModel> models = new ConcurrentSkipListMap<>();
  private final Map<String, ModelStatistics> statistics = new ConcurrentHashMap<>();
  private final ScheduledExecutorService clock = executor("serve-clock");
  private final ScheduledExecutorService watch = executor("serve-watch");
  private volatile boolean closed;

  /**
   * An empty repository.
   *
   * @param runtime where replicas run; not closed with the repository
   * @param drainTimeout how long a version that goes may take over the requests that it has
   */
  @SuppressWarnings("FutureReturnValueIgnored") // ends with the executor
  public ModelRepository(TaskRuntime runtime, Duration drainTimeout) {
    this.runtime = runtime;
    this.drainTimeout = drainTimeout;
    watch.scheduleWithFixedDelay(
        () -> models.values().forEach(ServedModel::watch), 1, 1, TimeUnit.SECONDS);
  }

  private static ScheduledExecutorService executor(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * Loads a model, in place of one of that name.
   *
   * @throws IOException if it cannot be read; what was there stays
   */
  public void load(String name, ModelConfig config) throws IOException {
    load(served(name, config, null));
  }

  /**
   * Loads a model that is there already, in place of one of that name, as version 1.
   *
   * @throws IllegalStateException if it cannot be started; what was there stays
   */
  public void load(String name, Model model, BatchingConfig batching) {
    ModelConfig config = ModelConfig.defaults(Path.of("")).withBatching(batching);
    try {
      load(served(name, config, model));
    } catch (IOException e) {
      throw new IllegalStateException(e); // nothing is read
    }
  }

  private ServedModel served(String name, ModelConfig config, @Nullable Model given) {
    return new ServedModel(
        name,
        config,
        given,
        runtime,
        clock,
        drainTimeout,
        statistics.computeIfAbsent(name, any -> new ModelStatistics()));
  }

  private void load(ServedModel model) throws IOException {
    String name = model.name();
    ServeConfig.checkName(name);
    model.refresh();
    ServedModel before = models.put(name, model);
    if (closed) {
      model.close(Duration.ZERO);
    }
    if (before != null) {
      before.close(drainTimeout);
    }
  }

  /**
   * Loads a model again that is known: after {@link #unload}, or to look at its run at once.
   *
   * @return false if it is not known
   * @throws IOException if it cannot be read; what was there stays
   */
  public boolean load(String name) throws IOException {
    ServedModel model = models.get(name);
    if (model == null) {
      return false;
    }
    model.refresh();
    return true;
  }

  /**
   * Takes no more requests for a model, finishes those there are and lets it go. It stays known.
   *
   * @return false if it is not known
   */
  public boolean unload(String name) {
    ServedModel model = models.get(name);
    if (model == null) {
      return false;
    }
    model.close(drainTimeout);
    return true;
  }

  /** Names of all models, loaded or not. */
  public List<String> names() {
    return List.copyOf(models.keySet());
  }

  /** Whether all models that are known take requests. */
  public boolean isReady() {
    return !closed && models.values().stream().allMatch(ServedModel::isReady);
  }

  Optional<ServedModel> model(String name) {
    return Optional.ofNullable(models.get(name));
  }

  List<ServedModel> models() {
    return List.copyOf(models.values());
  }

  /** All models with their versions. */
  List<IndexEntry> index() {
    List<IndexEntry> entries = new ArrayList<>();
    for (ServedModel model : models.values()) {
      List<Deployment> deployments = model.deployments();
      for (Deployment deployment : deployments) {
        entries.add(new IndexEntry(model.name(), deployment.version(), "READY", ""));
      }
      if (deployments.isEmpty()) {
        String reason = model.trouble().isEmpty() ? "unloaded" : "cannot be loaded";
        entries.add(new IndexEntry(model.name(), "", "UNAVAILABLE", reason));
      }
    }
    return entries;
  }

  /** Finishes what is under way, for the drain timeout at most, and lets all models go. */
  @Override
  public void close() {
    stop(drainTimeout);
  }

  /**
   * Finishes what is under way and lets all models go.
   *
   * @param patience for all together
   * @return whether all ended in time
   */
  @SuppressWarnings("CanIgnoreReturnValueSuggester") // who ignores it does so on purpose
  boolean stop(Duration patience) {
    closed = true;
    watch.shutdownNow();
    long end = System.nanoTime() + patience.toNanos();
    boolean all = true;
    for (ServedModel model : models.values()) {
      all &= model.close(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    }
    clock.shutdownNow();
    return all;
  }
}
