package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;

/** Who collects experience, and who computes gradients. */
@RecordBuilder
public record WorkersConfig(
    @Doc(
            "rollout workers, each with an equal share of the environments; 0 collects in the"
                + " trainer's own thread")
        @Elsewhere({"num_env_runners", "num_workers"})
        @Range(min = 0)
        int count,
    @Doc(
            "CPUs of the runtime's that a worker takes while it collects; a fraction, such as 0.1,"
                + " where environments wait more than they compute, so that more workers than cores"
                + " collect at once. Workers that the CPUs do not suffice for take turns")
        @Elsewhere({"num_cpus_per_env_runner", "num_cpus_per_worker"})
        @Range(exclusiveMin = 0)
        double cpus,
    @Doc("how often in a run each worker may fail and be started again") @Range(min = 0)
        int maxRestarts,
    @Doc(
            "collect the next rollout while the learner learns from the present one; its policy is"
                + " then one iteration old")
        boolean asynchronous,
    @Doc(
            "how many iterations old the policy may be by which asynchronous workers collected. With"
                + " 1 each rollout is one of every worker, and the same seed gives the same bits."
                + " With more (4 to 32), fast workers collect in the place of slow ones, and the"
                + " timing decides what the learner sees")
        @Elsewhere({"max_policy_lag", "max_staleness"})
        @Range(min = 1)
        int maxPolicyLag,
    @Doc(
            "threads that share the gradient of each minibatch; the result depends on their number,"
                + " but not on their timing")
        @Range(min = 1)
        int gradients,
    @Doc(
            "how long a step may take, such as 60s, before its worker is taken for failed and started"
                + " again; without it nobody is, and a warning comes after 30 s")
        @Range(exclusiveMin = 0)
        @Nullable Duration stepTimeout)
    implements Serializable, WorkersConfigBuilder.With {

  /** Checks the values. */
  public WorkersConfig {
    Constraints.check(
        WorkersConfig.class,
        count,
        cpus,
        maxRestarts,
        asynchronous,
        maxPolicyLag,
        gradients,
        stepTimeout);
    Constraints.require(
        !asynchronous || count > 0, "asynchronous", asynchronous, "needs count > 0");
    Constraints.require(
        asynchronous || maxPolicyLag == 1,
        "max-policy-lag",
        maxPolicyLag,
        "must be 1 unless workers are asynchronous");
    Constraints.require(
        stepTimeout == null || count > 0, "step-timeout", stepTimeout, "needs count > 0");
  }

  /** No workers. */
  public static WorkersConfig defaults() {
    return new WorkersConfig(0, 1, 3, false, 1, 1, null);
  }
}
