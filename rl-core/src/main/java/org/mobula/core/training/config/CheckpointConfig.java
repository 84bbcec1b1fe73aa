package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/** When the state of training is saved, and how much of it is kept. */
@RecordBuilder
public record CheckpointConfig(
    @Doc("environment steps between checkpoints; 0 leaves it to every-wall-time") @Range(min = 0)
        long every,
    @Doc("how many of the newest are kept, beside the best") @Range(min = 1) int keep,
    @Doc(
            "wall time between checkpoints, such as 10m: what a power cut costs at most; 0s saves by"
                + " every and at the end alone")
        @Range(min = 0)
        Duration everyWallTime)
    implements Serializable, CheckpointConfigBuilder.With {

  /** Checks the values. */
  public CheckpointConfig {
    Constraints.check(CheckpointConfig.class, every, keep, everyWallTime);
  }

  /** Every ten minutes and at the end, and the last three. */
  public static CheckpointConfig defaults() {
    return new CheckpointConfig(0, 3, Duration.ofMinutes(10));
  }
}
