package org.mobula.tune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.tune.scheduler.AshaScheduler;
import org.mobula.tune.scheduler.NoScheduler;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.Inequality;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.TrialRecord;

/**
 * What a study costs beside its objective, and what pausing trials saves; one JSON line a figure.
 *
 * <pre>
 *   java -cp ... org.mobula.tune.StudyBenchmark trials [count]     random trials of a trivial objective
 *   java -cp ... org.mobula.tune.StudyBenchmark cartpole [seeds]   steps to settings that reach 475
 * </pre>
 */
public final class StudyBenchmark {
  private static final long FULL = 100_000;
  private static final double SOLVED = 475;
  private static final int MOST_TRIALS = 30;

  private StudyBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    int number = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0;
    if (arguments[0].equals("trials")) {
      int count = number == 0 ? 10_000 : number;
      for (int parallel : new int[] {1, 2, 8}) {
        trials(count, parallel);
      }
    } else {
      cartPole(number == 0 ? 5 : number);
    }
  }

  private static void trials(int count, int parallel) throws IOException {
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    Path folder = Files.createTempDirectory("study");
    long start = System.nanoTime();
    Study.builder(SearchSpace.of(x))
        .trials(count)
        .parallel(parallel)
        .directory(folder)
        .build()
        .optimize(trial -> trial.get(x) * trial.get(x));
    System.out.printf(
        Locale.ROOT,
        "{\"mobula\": \"random study with its journal\", \"trials\": %d, \"parallel\": %d, \"seconds\": %.2f}%n",
        count,
        parallel,
        (System.nanoTime() - start) / 1e9);
  }

  private static void cartPole(int seeds) throws IOException {
    // What rl-zoo3 searches for PPO, but for what has no name here.
    SearchSpace space =
        SearchSpace.builder()
            .add(CategoricalParameter.of("algorithm.ppo.steps", 8, 16, 32, 64, 128, 256, 512, 1024))
            .add(
                CategoricalParameter.of(
                    "algorithm.ppo.minibatch-size", 8, 16, 32, 64, 128, 256, 512))
            .add(
                CategoricalParameter.of(
                    "algorithm.ppo.discount", 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999))
            .add(FloatParameter.log("algorithm.ppo.learning-rate", 1e-5, 1))
            .add(FloatParameter.log("algorithm.ppo.entropy-coefficient", 1e-8, 0.1))
            .add(CategoricalParameter.of("algorithm.ppo.clip-range", 0.1, 0.2, 0.3, 0.4))
            .add(CategoricalParameter.of("algorithm.ppo.epochs", 1, 5, 10, 20))
            .add(
                CategoricalParameter.of(
                    "algorithm.ppo.gae-lambda", 0.8, 0.9, 0.92, 0.95, 0.98, 0.99, 1.0))
            .add(
                CategoricalParameter.of(
                    "algorithm.ppo.max-gradient-norm", 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0, 5.0))
            .add(FloatParameter.uniform("algorithm.ppo.value-coefficient", 0, 1))
            .add(CategoricalParameter.of("network.hidden", "[64]", "[64, 64]", "[256, 256]"))
            .add(CategoricalParameter.of("network.activation", "tanh", "relu"))
            .constraint(
                "a minibatch is of one iteration",
                Inequality.parse(
                    "algorithm.ppo.minibatch-size <= 8 * algorithm.ppo.steps",
                    List.of("algorithm.ppo.minibatch-size", "algorithm.ppo.steps")))
            .build();
    TrainingConfig base =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1").withCount(8),
                PpoConfig.defaults().withSteps(32))
            .withStop(StopConfig.defaults().withEnvironmentSteps(FULL))
            .withEvaluation(EvaluationConfig.defaults().withEvery(5_000));
    AshaScheduler asha = AshaScheduler.defaults().withMinResource(10_000).withMaxResource(FULL);
    List<Scheduler> schedulers = List.of(asha.withPauses(false), asha, new NoScheduler());
    for (Scheduler scheduler : schedulers) {
      List<Long> steps = new ArrayList<>();
      for (int seed = 0; seed < seeds; seed++) {
        StudyResult result =
            Study.builder(space)
                .maximize()
                .seed(seed)
                .directory(Files.createTempDirectory("study"))
                .scheduler(scheduler)
                .stop(StudyStop.defaults().withTrials(MOST_TRIALS).withTarget(SOLVED))
                .build()
                .optimize(TrainingObjective.of(base));
        steps.add(result.study().trials().stream().mapToLong(StudyBenchmark::steps).sum());
        System.out.printf(
            Locale.ROOT,
            "{\"scheduler\": \"%s\", \"seed\": %d, \"best\": %.1f, \"trials\": %d, \"steps\": %d}%n",
            name(scheduler),
            seed,
            result.study().best().map(TrialRecord::value).orElse(Double.NaN),
            result.study().trials().size(),
            steps.get(seed));
      }
      long[] sorted = steps.stream().mapToLong(Long::longValue).sorted().toArray();
      System.out.printf(
          Locale.ROOT,
          "{\"scheduler\": \"%s\", \"median_steps\": %d, \"all\": \"%s\"}%n",
          name(scheduler),
          sorted[sorted.length / 2],
          Arrays.toString(sorted));
    }
  }

  private static String name(Scheduler scheduler) {
    return scheduler instanceof AshaScheduler asha
        ? "asha, " + (asha.pauses() ? "pausing" : "stopping")
        : "none";
  }

  /** Those that a complete trial took after its last report count too. */
  private static long steps(TrialRecord trial) {
    boolean complete = !Double.isNaN(trial.value()) && trial.state().name().equals("COMPLETE");
    return complete
        ? FULL
        : trial.intermediateValues().isEmpty() ? 0 : trial.intermediateValues().lastKey();
  }
}
