package org.mobula.core.algorithm.td3;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ExploringActor;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.PolicyNetworks;
import org.mobula.core.algorithm.ReplayConfig;
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
 * Settings of TD3 (Fujimoto et al. 2018); the defaults are those of Stable-Baselines3, whose
 * network has hidden layers of 400 and 300 rectified units. Deep deterministic policy gradients
 * (Lillicrap et al. 2016) are its plain case, {@link #ddpg}.
 */
@RecordBuilder
public record Td3Config(
    @Doc("steps that each environment takes between two times of learning; 1 to 64")
        @Elsewhere("train_freq")
        @Range(min = 1)
        int trainFrequency,
    @Doc(
            "gradients of each network at each time of learning; -1 takes as many as the environments"
                + " took steps together")
        @Range(min = -1)
        int gradientSteps,
    @Doc("environment steps before the first gradient, at random; 100 to 10 thousand")
        @Elsewhere("learning_starts")
        @Range(min = 0)
        int warmUpSteps,
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
                + " follow; 2 is usual, 1 in DDPG")
        @Elsewhere({"policy_delay", "policy_frequency"})
        @Range(min = 1)
        int policyDelay,
    @Doc(
            "standard deviation of the noise on the target policy's actions, where -1 and 1 are the"
                + " bounds; 0.2 is usual, 0 in DDPG")
        @Elsewhere({"target_policy_noise", "policy_noise"})
        @Range(min = 0)
        double targetNoise,
    @Doc("that noise lies within ± this; 0.5 is usual")
        @Elsewhere({"target_noise_clip", "noise_clip"})
        @Range(min = 0)
        double targetNoiseClip,
    @Doc("critics, the least of whose values counts; 2 is usual, 1 in DDPG")
        @Elsewhere("n_critics")
        @Range(min = 1)
        int critics,
    @Doc("added to the policy's actions, so that they explore; none if nothing is said")
        @Elsewhere("action_noise")
        @Nullable ActionNoise noise,
    @Doc("gradients are scaled down to this norm, network by network; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the replay memory") ReplayConfig replay,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements AlgorithmConfig, Td3ConfigBuilder.With {

  /** The name under which the critics' gradients are pushed. */
  static final String CRITICS = "critics";

  /** Checks the values. */
  public Td3Config {
    Constraints.check(
        Td3Config.class,
        trainFrequency,
        gradientSteps,
        warmUpSteps,
        minibatchSize,
        discount,
        learningRate,
        targetRate,
        policyDelay,
        targetNoise,
        targetNoiseClip,
        critics,
        noise,
        maxGradientNorm,
        replay,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
    Constraints.require(
        gradientSteps != 0, "gradient-steps", gradientSteps, "must be -1, or 1 or more");
  }

  /** The defaults of Stable-Baselines3. */
  public static Td3Config defaults() {
    return new Td3Config(
        1,
        1,
        100,
        256,
        0.99,
        Schedule.constant(1e-3),
        0.005,
        2,
        0.2,
        0.5,
        2,
        null,
        0,
        ReplayConfig.defaults(),
        OptimizerConfig.Adam.defaults());
  }

  /** One critic, whose targets have no noise and which the policy follows at each gradient. */
  public static Td3Config ddpg() {
    return defaults().withCritics(1).withPolicyDelay(1).withTargetNoise(0).withTargetNoiseClip(0);
  }

  @Override
  public int steps() {
    return trainFrequency;
  }

  @Override
  public int rounds(int environments) {
    return AlgorithmConfig.roundsOf(trainFrequency, environments);
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return replay.requireRoom(
        PolicyNetworks.bounded(
            "td3", observationSpace, actionSpace, network, new PolicyHead.Deterministic(), 1));
  }

  @Override
  public SortedMap<String, NetworkSpec> networks(PolicySpec policy, NetworkConfig network) {
    SortedMap<String, NetworkSpec> networks = new TreeMap<>();
    networks.put(CRITICS, PolicyNetworks.critics(policy, network, critics));
    return networks;
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, warmUpSteps, false, noise);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new Td3Learner(this, 0, setup);
  }
}
