package org.mobula.cli.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.directories.RunState;
import org.mobula.core.config.ConfigException;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.metrics.MetricTable;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.config.TrainingConfig;

/**
 * A run in a few words.
 *
 * @param environment null where the configuration cannot be read
 * @param algorithm null where the configuration cannot be read
 * @param environmentSteps of the newest checkpoint, or of the last measurements where those are
 *     further; a killed run may have taken more
 * @param lastReturn mean return of the last training episodes; null before the first
 * @param lastEvaluation mean return of the last evaluation; null before the first
 * @param state as of {@link RunState}
 * @param reason for the state; empty where there is none
 * @param updatedAt when the run last left something behind, UTC
 */
record RunSummary(
    String name,
    String path,
    @Nullable String environment,
    @Nullable String algorithm,
    long environmentSteps,
    @Nullable Double lastReturn,
    @Nullable Double lastEvaluation,
    String state,
    String reason,
    String updatedAt) {

  static RunSummary of(Path run) throws IOException {
    RunDirectory directory = new RunDirectory(run);
    RunState.Reading state = RunState.read(run);
    String reason = state.reason();
    String environment = null;
    String algorithm = null;
    try {
      TrainingConfig config = ConfigFiles.read(directory.config());
      environment = config.environment().id();
      algorithm = ConfigFiles.algorithm(config);
    } catch (ConfigException e) {
      reason = e.mistakes().get(0);
    }
    MetricTable metrics = metrics(directory.metricsCsv());
    return new RunSummary(
        run.getFileName().toString(),
        run.toString(),
        environment,
        algorithm,
        Math.max(steps(metrics), steps(directory)),
        last(metrics, MetricNames.ROLLOUT_EPISODE_RETURN_MEAN),
        last(metrics, MetricNames.EVALUATION_EPISODE_RETURN_MEAN),
        state.kind().word(),
        reason,
        updatedAt(directory).truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private static MetricTable metrics(Path csv) {
    try {
      return Files.exists(csv) ? MetricTable.read(csv) : new MetricTable(List.of(), List.of());
    } catch (UncheckedIOException | IllegalArgumentException e) {
      return new MetricTable(List.of(), List.of()); // no measurements is what there is to tell
    }
  }

  private static long steps(MetricTable metrics) {
    List<List<String>> rows = metrics.rows();
    return rows.isEmpty() ? 0 : Long.parseLong(rows.get(rows.size() - 1).get(0));
  }

  /** A run that is stopped within an iteration saves it, but measures whole iterations only. */
  private static long steps(RunDirectory directory) throws IOException {
    return directory.latest().map(RunDirectory::environmentSteps).orElse(0L);
  }

  private static @Nullable Double last(MetricTable metrics, String name) {
    List<MetricTable.Point> points = metrics.points(name);
    return points.isEmpty() ? null : points.get(points.size() - 1).value();
  }

  private static Instant updatedAt(RunDirectory directory) throws IOException {
    Instant latest = Instant.EPOCH;
    for (Path file :
        List.of(directory.config(), directory.metricsCsv(), directory.path().resolve("state"))) {
      if (Files.exists(file)) {
        Instant written = Files.getLastModifiedTime(file).toInstant();
        latest = written.isAfter(latest) ? written : latest;
      }
    }
    return latest;
  }
}
