package org.mobula.cli.train;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import org.mobula.cli.output.JsonLine;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingProgress;
import org.mobula.parameterserver.shard.ShardEvent;

/** One JSON object a line for each event. */
final class JsonEvents implements TrainingDisplay {
  private static final long NANOS_BETWEEN_ITERATIONS = 100_000_000;

  private final PrintWriter out;
  private final PrintWriter err;
  private final Pace pace;
  private long lastIteration = Long.MIN_VALUE;

  JsonEvents(PrintWriter out, PrintWriter err, Pace pace) {
    this.out = out;
    this.err = err;
    this.pace = pace;
  }

  /** At most ten a second; metrics.jsonl has them all. */
  @Override
  public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
    long now = pace.elapsed();
    if (lastIteration != Long.MIN_VALUE && now - lastIteration < NANOS_BETWEEN_ITERATIONS) {
      return;
    }
    lastIteration = now;
    JsonLine line = event("iteration", progress);
    measurements.forEach(line::number);
    say(line);
  }

  @Override
  public void onEvaluation(TrainingProgress progress, EvaluationResult result) {
    say(
        event("evaluation", progress)
            .integer("episodes", result.returns().size())
            .number("return_mean", result.meanReturn())
            .number("return_std", result.returnDeviation())
            .number("length_mean", result.meanLength()));
  }

  @Override
  public void onCheckpoint(TrainingProgress progress, Path checkpoint) {
    say(event("checkpoint", progress).text("path", checkpoint.toString()));
  }

  static JsonLine event(String name, TrainingProgress progress) {
    return new JsonLine()
        .text("event", name)
        .integer("environment_steps", progress.environmentSteps())
        .number("wall_seconds", progress.wallSeconds());
  }

  private void say(JsonLine line) {
    out.println(line);
    out.flush();
  }

  @Override
  public void workerFailed(String message) {
    err.println(message);
  }

  @Override
  public void happened(ShardEvent event) {
    say(new JsonLine().text("event", "shard").shardEvent(event));
  }

  @Override
  public void stopping(String signal) {
    err.println(ProgressText.stopping(signal));
  }

  @Override
  public void close() {}
}
