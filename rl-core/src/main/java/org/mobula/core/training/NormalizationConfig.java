package org.mobula.core.training;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/** What is scaled by measured statistics before the network sees it. */
@RecordBuilder
public record NormalizationConfig(
    @Doc("whether observations are scaled to mean 0 and deviation 1; part of the policy")
        boolean observations,
    @Doc("whether rewards are scaled by the deviation of the discounted return") boolean rewards,
    @Doc("scaled numbers lie within ± this") @Range(exclusiveMin = 0) double clip)
    implements Serializable, NormalizationConfigBuilder.With {

  /** Checks the values. */
  public NormalizationConfig {
    Constraints.check(NormalizationConfig.class, observations, rewards, clip);
  }

  /** Nothing is scaled. */
  public static NormalizationConfig defaults() {
    return new NormalizationConfig(false, false, 10);
  }
}
