package org.mobula.cli.train;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.directories.RunState;
import org.mobula.cli.output.JsonLine;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;

/** Everything as one JSON object a line on standard output. */
record JsonOutput(PrintWriter out, PrintWriter err) implements RunOutput {
  @Override
  public void begin(Path run, TrainingConfig config, long stepsBefore) {
    say(
        new JsonLine()
            .text("event", "start")
            .text("run", run.toString())
            .text("environment", config.environment().id())
            .text("algorithm", ConfigFiles.algorithm(config))
            .integer("seed", config.seed())
            .integer("environment_steps", stepsBefore));
  }

  @Override
  public void listening(String url) {
    say(new JsonLine().text("event", "listening").text("url", url));
  }

  @Override
  public TrainingDisplay display(Pace pace) {
    return new JsonEvents(out, err, pace);
  }

  @Override
  public void end(Path run, TrainingConfig config, TrainingResult result) {
    JsonLine line = end(result).text("run", run.toString());
    result
        .evaluation()
        .ifPresent(
            evaluation ->
                line.integer("episodes", evaluation.returns().size())
                    .number("return_mean", evaluation.meanReturn())
                    .number("return_std", evaluation.returnDeviation()));
    say(line);
  }

  @Override
  public void endJoined(TrainingResult result) {
    say(end(result));
  }

  @Override
  public void failed(@Nullable Path run, String message) {
    JsonLine line = end(RunState.Kind.FAILED, message);
    say(run == null ? line : line.text("run", run.toString()));
  }

  private static JsonLine end(TrainingResult result) {
    return JsonEvents.event("end", result.progress())
        .text("state", RunState.Kind.of(result).word())
        .text("reason", result.reason());
  }

  private static JsonLine end(RunState.Kind state, String reason) {
    return new JsonLine().text("event", "end").text("state", state.word()).text("reason", reason);
  }

  private void say(JsonLine line) {
    out.println(line);
    out.flush();
  }
}
