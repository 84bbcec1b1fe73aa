package org.mobula.core.algorithm.td3;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.SortedMap;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.ExploringActor;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.OfflineAlgorithmConfig;
import org.mobula.core.algorithm.PolicyNetworks;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/**
 * Settings of TD3+BC (Fujimoto and Gu 2021), which learns from recordings: TD3 whose policy keeps
 * near to the actions that were recorded. The defaults are the authors', who also normalise
 * observations, and have two hidden layers of 256 rectified units.
 */
@RecordBuilder
public record Td3BcConfig(
    @Doc("α: what the critics' values count beside the recorded actions; 1 to 5, 2.5 is usual")
        @Elsewhere("alpha")
        @Range(exclusiveMin = 0)
        double valueScale,
    @Doc("transitions per gradient; 64 to 512") @Elsewhere("batch_size") @Range(min = 1)
        int minibatchSize,
    @Doc("discount factor γ of the returns; 0.95 to 0.9999")
        @Elsewhere("gamma")
        @Range(min = 0, max = 1)
        double discount,
    @Doc("step size of the optimizer, 1e-4 to 1e-3; > 0 at the start")
        @Elsewhere("lr")
        @Range(min = 0)
        Schedule learningRate,
    @Doc("τ: how far the target networks follow at an update; 0.005 to 0.05, 1 is a copy")
        @Elsewhere("tau")
        @Range(exclusiveMin = 0, max = 1)
        double targetRate,
    @Doc(
            "gradients of the critics between two of the policy, after which the target networks"
                + " follow; 2 is usual")
        @Elsewhere({"policy_delay", "policy_frequency"})
        @Range(min = 1)
        int policyDelay,
    @Doc(
            "standard deviation of the noise on the target policy's actions, where -1 and 1 are the"
                + " bounds; 0.2 is usual")
        @Elsewhere({"target_policy_noise", "policy_noise"})
        @Range(min = 0)
        double targetNoise,
    @Doc("that noise lies within ± this; 0.5 is usual")
        @Elsewhere({"target_noise_clip", "noise_clip"})
        @Range(min = 0)
        double targetNoiseClip,
    @Doc("critics, the least of whose values counts; 2 is usual")
        @Elsewhere("n_critics")
        @Range(min = 1)
        int critics,
    @Doc("gradients are scaled down to this norm, network by network; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements OfflineAlgorithmConfig, Td3BcConfigBuilder.With {

  /** Checks the values. */
  public Td3BcConfig {
    Constraints.check(
        Td3BcConfig.class,
        valueScale,
        minibatchSize,
        discount,
        learningRate,
        targetRate,
        policyDelay,
        targetNoise,
        targetNoiseClip,
        critics,
        maxGradientNorm,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** The authors' settings. */
  public static Td3BcConfig defaults() {
    return new Td3BcConfig(
        2.5,
        256,
        0.99,
        Schedule.constant(3e-4),
        0.005,
        2,
        0.2,
        0.5,
        2,
        0,
        OptimizerConfig.Adam.defaults());
  }

  /** Its TD3: the same but for what is cloned. */
  Td3Config td3() {
    return Td3Config.defaults()
        .with(
            td3 ->
                td3.warmUpSteps(0)
                    .minibatchSize(minibatchSize)
                    .discount(discount)
                    .learningRate(learningRate)
                    .targetRate(targetRate)
                    .policyDelay(policyDelay)
                    .targetNoise(targetNoise)
                    .targetNoiseClip(targetNoiseClip)
                    .critics(critics)
                    .maxGradientNorm(maxGradientNorm)
                    .optimizer(optimizer));
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return PolicyNetworks.bounded(
        "td3-bc", observationSpace, actionSpace, network, new PolicyHead.Deterministic(), 1);
  }

  @Override
  public SortedMap<String, NetworkSpec> networks(PolicySpec policy, NetworkConfig network) {
    return td3().networks(policy, network);
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, 0, false, null);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    setup.requireRecordings();
    return new Td3Learner(td3(), valueScale, setup);
  }
}
