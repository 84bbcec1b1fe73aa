package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;

/** How the policy is judged, on environments of its own. */
@RecordBuilder
public record EvaluationConfig(
    @Doc("environment steps of training between evaluations; 0 evaluates at the end alone")
        @Elsewhere("eval_freq")
        @Range(min = 0)
        long every,
    @Doc(
            "episodes of one evaluation; 0 is off, as always where other processes play the"
                + " environment and no other one is named")
        @Elsewhere("n_eval_episodes")
        @Range(min = 0)
        int episodes,
    @Doc("whether the most likely action is taken; else actions are sampled") boolean deterministic,
    @Doc(
            "steps after which an evaluation cuts an episode off, with a word, so that a task"
                + " without an end has one here; such as 1000 to 100000")
        @Range(min = 1)
        int maxEpisodeSteps,
    @Doc(
            "another environment to judge the policy in, with the same spaces; the one that is learnt"
                + " in if nothing is said")
        @Nullable EvaluationEnvironmentConfig environment)
    implements Serializable, EvaluationConfigBuilder.With {

  /** Checks the values. */
  public EvaluationConfig {
    Constraints.check(
        EvaluationConfig.class, every, episodes, deterministic, maxEpisodeSteps, environment);
  }

  /** 20 episodes at the end, of 100,000 steps at most. */
  public static EvaluationConfig defaults() {
    return new EvaluationConfig(0, 20, true, 100_000, null);
  }
}
