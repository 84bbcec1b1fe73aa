package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;

/** When training ends: as soon as one of these is met. */
@RecordBuilder
public record StopConfig(
    @Doc(
            "environment steps over all environments, or gradients of a run that learns from data;"
                + " schedules end here")
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
}
