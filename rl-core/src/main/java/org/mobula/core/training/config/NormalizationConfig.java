package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/** What is scaled between the environment and the network. */
@RecordBuilder
public record NormalizationConfig(
    @Doc("whether observations are scaled to mean 0 and deviation 1; part of the policy")
        boolean observations,
    @Doc("whether rewards are scaled by the deviation of the discounted return") boolean rewards,
    @Doc(
            "whether −1 and 1 of the policy mean the bounds of a box of actions, where all are"
                + " finite; part of the policy, and a resumed run keeps its own")
        boolean actions,
    @Doc("scaled observations and rewards lie within ± this") @Range(exclusiveMin = 0) double clip)
    implements Serializable, NormalizationConfigBuilder.With {

  /** Checks the values. */
  public NormalizationConfig {
    Constraints.check(NormalizationConfig.class, observations, rewards, actions, clip);
  }

  /** Actions are scaled to their bounds, and nothing else. */
  public static NormalizationConfig defaults() {
    return new NormalizationConfig(false, false, true, 10);
  }

  /** Normalised observations lie within ±this; 0 where they are not normalised. */
  public double observationClip() {
    return observations ? clip : 0;
  }
}
