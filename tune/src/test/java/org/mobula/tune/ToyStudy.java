package org.mobula.tune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.mobula.tune.sampler.CmaEsSampler;
import org.mobula.tune.scheduler.AshaScheduler;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;

/**
 * A study with reports, pauses and files that runs in a process of its own: {@code ToyStudy
 * DIRECTORY TRIALS}. Prints a line for each report, so that it can be killed at one.
 */
final class ToyStudy {
  private static final FloatParameter X = FloatParameter.uniform("x", -5, 5);
  private static final FloatParameter Y = FloatParameter.uniform("y", -5, 5);
  private static final int STEPS = 9;

  private ToyStudy() {}

  public static void main(String[] arguments) {
    study(Path.of(arguments[0]), Integer.parseInt(arguments[1]), 1)
        .optimize(trial -> evaluate(trial, true));
  }

  static Study study(Path directory, int trials, int parallel) {
    return Study.builder(SearchSpace.of(X, Y))
        .name("toy")
        .directory(directory)
        .sampler(new CmaEsSampler())
        .scheduler(AshaScheduler.defaults().withReductionFactor(3).withMaxResource(STEPS))
        .trials(trials)
        .parallel(parallel)
        .seed(3)
        .build();
  }

  /** Keeps in its directory how far it has come; what it reports depends on that. */
  static double evaluate(Trial trial, boolean aloud) throws Exception {
    Path file = trial.directory().orElseThrow().resolve("progress");
    int done = Files.exists(file) ? Integer.parseInt(Files.readString(file)) : 0;
    double distance = Math.hypot(trial.get(X) - 1, trial.get(Y) + 2);
    for (int step = done + 1; step <= STEPS; step++) {
      Decision decision = trial.report(step, distance + 1.0 / step);
      if (aloud) {
        System.out.println("trial " + trial.number() + " step " + step);
      }
      if (decision != Decision.CONTINUE) {
        // Whole at once: it may be killed here too.
        Path part = Files.writeString(file.resolveSibling("part"), Integer.toString(step));
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        return Double.NaN;
      }
    }
    return distance;
  }
}
