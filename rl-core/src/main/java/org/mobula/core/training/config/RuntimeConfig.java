package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;

/** What rollout workers, shards and learners of one process share. */
@RecordBuilder
public record RuntimeConfig(
    @Doc(
            "CPUs to give out, such as 4 or 2.5; without it the machine's, or one for each learner"
                + " and one more where those are more. They are counted, not enforced")
        @Elsewhere("num_cpus")
        @Range(min = 1)
        @Nullable Double cpus)
    implements Serializable, RuntimeConfigBuilder.With {

  /** Checks the values. */
  public RuntimeConfig {
    Constraints.check(RuntimeConfig.class, cpus);
  }

  /** As many CPUs as the machine has. */
  public static RuntimeConfig defaults() {
    return new RuntimeConfig(null);
  }
}
