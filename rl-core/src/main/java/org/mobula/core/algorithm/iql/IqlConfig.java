package org.mobula.core.algorithm.iql;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorCritic;
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
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/**
 * Settings of implicit Q-learning (Kostrikov et al. 2021), which learns from recordings; the
 * defaults are the authors' for locomotion, with two hidden layers of 256 rectified units.
 */
@RecordBuilder
public record IqlConfig(
    @Doc("τ of the values: 0.5 is the mean over recorded actions, near 1 the best; 0.7 to 0.9")
        @Range(exclusiveMin = 0, exclusiveMax = 1)
        double expectile,
    @Doc("β: how much more a better action counts in the policy; 0 clones all alike, 3 to 10")
        @Elsewhere({"temperature", "beta"})
        @Range(min = 0)
        double advantageScale,
    @Doc("an action's weight is this at most; 100 is usual")
        @Elsewhere("max_weight")
        @Range(exclusiveMin = 0)
        double greatestWeight,
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
    @Doc("τ of the target critics: how far they follow at an update; 0.005 to 0.05, 1 is a copy")
        @Elsewhere("tau")
        @Range(exclusiveMin = 0, max = 1)
        double targetRate,
    @Doc("critics, the least of whose values counts; 2 is usual")
        @Elsewhere("n_critics")
        @Range(min = 1)
        int critics,
    @Doc("natural logarithm of the initial standard deviation of actions; -1 to 0")
        @Elsewhere("log_std_init")
        double initialLogDeviation,
    @Doc("gradients are scaled down to this norm, network by network; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements OfflineAlgorithmConfig, IqlConfigBuilder.With {

  /** The name under which the critics' gradients are pushed. */
  static final String CRITICS = "critics";

  /** The name under which the value's gradients are pushed. */
  static final String VALUE = "value";

  /** Checks the values. */
  public IqlConfig {
    Constraints.check(
        IqlConfig.class,
        expectile,
        advantageScale,
        greatestWeight,
        minibatchSize,
        discount,
        learningRate,
        targetRate,
        critics,
        initialLogDeviation,
        maxGradientNorm,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** The authors' settings for locomotion. */
  public static IqlConfig defaults() {
    return new IqlConfig(
        0.7,
        3,
        100,
        256,
        0.99,
        Schedule.constant(3e-4),
        0.005,
        2,
        0,
        0,
        OptimizerConfig.Adam.defaults());
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    PolicyNetworks.requireBounded("iql", actionSpace, network);
    return ActorCritic.actor(observationSpace, actionSpace, network, initialLogDeviation);
  }

  @Override
  public SortedMap<String, NetworkSpec> networks(PolicySpec policy, NetworkConfig network) {
    NetworkConfig apart = network.withShared(false);
    SortedMap<String, NetworkSpec> networks = new TreeMap<>();
    networks.put(CRITICS, PolicyNetworks.critics(policy, network, critics));
    networks.put(
        VALUE,
        PolicyNetworks.of(
            policy.observationSpace(),
            apart,
            List.of(PolicyNetworks.head("state-value", apart, 1, 1))));
    return networks;
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, 0, true, null);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new IqlLearner(this, setup);
  }
}
