package org.mobula.core.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Configurations that the tests of this package read and write. */
final class Examples {
  private Examples() {}

  static final Alternatives ALTERNATIVES =
      Alternatives.of(Algorithm.class, Map.of("ppo", Ppo.class, "dqn", Dqn.class));

  /** What a whole run looks like. */
  @RecordBuilder
  @Doc("One training run")
  record Run(
      Env environment,
      @Doc("How the policy learns") Algorithm algorithm,
      @Doc("Environment steps in all") @Range(min = 1) long totalSteps,
      @Nullable @Doc("Wall time after which to stop") @Range(exclusiveMin = 0) Duration timeLimit,
      @Nullable Path directory,
      @Doc("Tags of the run") List<String> tags,
      Map<String, Stage> stages)
      implements ExamplesRunBuilder.With {
    Run {
      Constraints.check(
          Run.class, environment, algorithm, totalSteps, timeLimit, directory, tags, stages);
      tags = List.copyOf(tags);
    }

    static Run defaults(Env environment) {
      return new Run(environment, Ppo.defaults(), 100_000, null, null, List.of(), Map.of());
    }
  }

  /** Has a required component. */
  record Env(@NotEmpty String name, @Range(min = 1) int count, Map<String, Object> options) {
    Env {
      Constraints.check(Env.class, name, count, options);
      options = Map.copyOf(options);
    }

    static Env defaults(String name) {
      return new Env(name, 8, Map.of());
    }
  }

  /** Nothing has a default. */
  record Stage(int steps, double reward) {}

  /** Open, as if its records lived elsewhere. */
  interface Algorithm {}

  /** Ranges, enums, lists and a rule across settings. */
  record Ppo(
      @Doc("How far the policy may move in an iteration") @Range(exclusiveMin = 0) double clipRange,
      @Range(min = 0, max = 1) float gamma,
      @Range(min = 1) int steps,
      @Range(min = 1) int batchSize,
      boolean normalizeAdvantage,
      Activation activation,
      @NotEmpty @Range(min = 1) List<Integer> hidden,
      @Doc("Step size of the optimizer") @Elsewhere("lr") Schedule learningRate,
      @Range(min = 0, infinite = true) double targetKl)
      implements Algorithm {
    Ppo {
      Constraints.check(
          Ppo.class,
          clipRange,
          gamma,
          steps,
          batchSize,
          normalizeAdvantage,
          activation,
          hidden,
          learningRate,
          targetKl);
      Constraints.require(
          steps % batchSize == 0, "batch-size", batchSize, "must divide steps (" + steps + ")");
    }

    static Ppo defaults() {
      return new Ppo(
          0.2,
          0.99f,
          128,
          64,
          true,
          Activation.TANH,
          List.of(64, 64),
          new Schedule.Constant(3e-4),
          Double.POSITIVE_INFINITY);
    }
  }

  /** No settings at all. */
  record Dqn() implements Algorithm {}

  /** An enum. */
  enum Activation {
    TANH,
    RELU,
    LEAKY_RELU
  }

  /** Closed, with a shorthand. */
  sealed interface Schedule {
    /** One value throughout. */
    record Constant(@Range(exclusiveMin = 0) double value) implements Schedule {
      public Constant {
        Constraints.check(Constant.class, value);
      }
    }

    /** A straight line. */
    @Key("linear")
    record LinearDecay(double from, double to) implements Schedule {}

    @Shorthand
    static Schedule of(double value) {
      return new Constant(value);
    }
  }
}
