package org.mobula.core.training;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;

/** When training ends: as soon as one of these is met. */
@RecordBuilder
public record StopConfig(
    @Doc("environment steps over all environments; schedules end here")
        @Elsewhere({"total_timesteps", "n_timesteps"})
        @Range(min = 1)
        long environmentSteps,
    @Doc("mean return of the last episodes, at least this") @Nullable Double episodeReturn,
    @Doc("how many last episodes that mean is taken over") @Range(min = 1, max = 1000) int episodes,
    @Doc("wall time, such as 10m; earlier parts of a resumed run count") @Range(exclusiveMin = 0)
        @Nullable Duration wallTime,
    @Doc("evaluations in a row without a better mean return; 0 is off") @Range(min = 0)
        int evaluationsWithoutImprovement)
    implements Serializable, StopConfigBuilder.With {

  /** Checks the values. */
  public StopConfig {
    Constraints.check(
        StopConfig.class,
        environmentSteps,
        episodeReturn,
        episodes,
        wallTime,
        evaluationsWithoutImprovement);
  }

  /** 100,000 environment steps. */
  public static StopConfig defaults() {
    return new StopConfig(100_000, null, 100, null, 0);
  }

  /**
   * The key of the condition that a run meets which has come this far, such as {@code wall-time};
   * empty while it meets none.
   */
  public Optional<String> met(TrainingProgress progress) {
    if (progress.environmentSteps() >= environmentSteps) {
      return Optional.of("environment-steps");
    } else if (episodeReturn != null && progress.episodeReturnMean(episodes) >= episodeReturn) {
      return Optional.of("episode-return");
    } else if (isTimeUp(progress.wallSeconds())) {
      return Optional.of("wall-time");
    } else if (evaluationsWithoutImprovement > 0
        && progress.evaluationsSinceBest() >= evaluationsWithoutImprovement) {
      return Optional.of("evaluations-without-improvement");
    }
    return Optional.empty();
  }

  boolean isTimeUp(double wallSeconds) {
    return wallTime != null && wallSeconds >= wallTime.toMillis() / 1e3;
  }

  /** Why a run that has come this far ends, for a person to read; empty while it goes on. */
  public Optional<String> reason(TrainingProgress progress) {
    return met(progress).map(this::reason);
  }

  private String reason(String key) {
    return switch (key) {
      case "environment-steps" -> environmentSteps + " environment steps are taken";
      case "episode-return" ->
          "the mean return of the last " + episodes + " episodes has reached " + episodeReturn;
      case "wall-time" ->
          "the time of " + (wallTime == null ? 0 : wallTime.toSeconds()) + " s is up";
      default ->
          "the last " + evaluationsWithoutImprovement + " evaluations brought no improvement";
    };
  }
}
