package org.mobula.core.training;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/** When the state of training is saved, and how much of it is kept. */
@RecordBuilder
public record CheckpointConfig(
    @Doc("environment steps between checkpoints; 0 saves at the end alone") @Range(min = 0)
        long every,
    @Doc("how many of the newest are kept, beside the best") @Range(min = 1) int keep)
    implements Serializable, CheckpointConfigBuilder.With {

  /** Checks the values. */
  public CheckpointConfig {
    Constraints.check(CheckpointConfig.class, every, keep);
  }

  /** At the end, and the last three. */
  public static CheckpointConfig defaults() {
    return new CheckpointConfig(0, 3);
  }
}
