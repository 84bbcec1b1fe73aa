package org.mobula.core.algorithm.sac;

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
 * Settings of conservative Q-learning (Kumar et al. 2020), which learns from recordings: soft
 * actor-critic whose critics value recorded actions above all others. The defaults are d3rlpy's,
 * but for one step size of all networks; it has two hidden layers of 256 rectified units.
 */
@RecordBuilder
public record CqlConfig(
    @Doc("what holding values down counts beside the critics' errors; 0.5 to 10, 5 is usual")
        @Elsewhere({"conservative_weight", "min_q_weight", "cql_alpha"})
        @Range(min = 0)
        double conservatism,
    @Doc("actions of each of three kinds that values are held down at; 4 to 10")
        @Elsewhere({"n_action_samples", "num_actions"})
        @Range(min = 1)
        int actionSamples,
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
    @Doc("τ: how far the target critics follow at an update; 0.005 to 0.05, 1 is a copy")
        @Elsewhere("tau")
        @Range(exclusiveMin = 0, max = 1)
        double targetRate,
    @Doc("α: what a nat of entropy is worth in reward, at the start; 0.01 to 1")
        @Elsewhere({"ent_coef", "alpha"})
        @Range(exclusiveMin = 0)
        double temperature,
    @Doc("whether the temperature is learnt, so that the policy keeps the target entropy")
        @Elsewhere("autotune")
        boolean automaticTemperature,
    @Doc("critics, the least of whose values counts; 2 is usual")
        @Elsewhere("n_critics")
        @Range(min = 1)
        int critics,
    @Doc("gradients are scaled down to this norm, network by network; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements OfflineAlgorithmConfig, CqlConfigBuilder.With {

  /** Checks the values. */
  public CqlConfig {
    Constraints.check(
        CqlConfig.class,
        conservatism,
        actionSamples,
        minibatchSize,
        discount,
        learningRate,
        targetRate,
        temperature,
        automaticTemperature,
        critics,
        maxGradientNorm,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** d3rlpy's settings, with one step size. */
  public static CqlConfig defaults() {
    return new CqlConfig(
        5,
        10,
        256,
        0.99,
        Schedule.constant(3e-4),
        0.005,
        1,
        true,
        2,
        0,
        OptimizerConfig.Adam.defaults());
  }

  /** Its soft actor-critic: the same but for what is conservative. */
  SacConfig sac() {
    return SacConfig.defaults()
        .with(
            sac ->
                sac.warmUpSteps(0)
                    .minibatchSize(minibatchSize)
                    .discount(discount)
                    .learningRate(learningRate)
                    .targetRate(targetRate)
                    .temperature(temperature)
                    .automaticTemperature(automaticTemperature)
                    .critics(critics)
                    .maxGradientNorm(maxGradientNorm)
                    .optimizer(optimizer));
  }

  /** What it adds to the critics' losses. */
  ConservativeLoss conservative(Space actionSpace) {
    return new ConservativeLoss(actionSpace.size(), critics, actionSamples, (float) conservatism);
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return PolicyNetworks.bounded(
        "cql", observationSpace, actionSpace, network, new PolicyHead.Squashed(), 2);
  }

  @Override
  public SortedMap<String, NetworkSpec> networks(PolicySpec policy, NetworkConfig network) {
    return sac().networks(policy, network);
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, 0, true, null);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    setup.requireRecordings();
    return new SacLearner(sac(), conservative(setup.policy().actionSpace()), setup);
  }
}
