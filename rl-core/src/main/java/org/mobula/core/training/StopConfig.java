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
    @Doc("wall time, such as 10m; earlier parts of a resumed run count")
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

  /** Why a run that has come this far ends, for a person to read; empty while it goes on. */
  Optional<String> reason(TrainingProgress progress) {
    if (progress.environmentSteps() >= environmentSteps) {
      return Optional.of(environmentSteps + " environment steps are taken");
    } else if (episodeReturn != null && progress.episodeReturnMean(episodes) >= episodeReturn) {
      return Optional.of(
          "the mean return of the last " + episodes + " episodes has reached " + episodeReturn);
    } else if (wallTime != null && progress.wallSeconds() >= wallTime.toMillis() / 1e3) {
      return Optional.of("the time of " + wallTime.toSeconds() + " s is up");
    } else if (evaluationsWithoutImprovement > 0
        && progress.evaluationsSinceBest() >= evaluationsWithoutImprovement) {
      return Optional.of(
          "the last " + evaluationsWithoutImprovement + " evaluations brought no improvement");
    }
    return Optional.empty();
  }
}
