package org.mobula.core.algorithm.imitation;

import io.soabase.recordbuilder.core.RecordBuilder;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.ExploringActor;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.OfflineAlgorithmConfig;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/**
 * Settings of monotonic advantage re-weighted imitation (Wang et al. 2018): behaviour cloning that
 * follows recorded steps the more, the better they turned out.
 */
@RecordBuilder
public record MarwilConfig(
    @Doc("β: how much more a better step counts; 0 clones all alike, 1 is usual")
        @Elsewhere("beta")
        @Range(min = 0)
        double advantageScale,
    @Doc("a step's weight is this at most; 10 to 100") @Range(exclusiveMin = 0)
        double greatestWeight,
    @Doc("recorded steps per gradient; 64 to 2048")
        @Elsewhere({"batch_size", "train_batch_size"})
        @Range(min = 1)
        int minibatchSize,
    @Doc("discount factor γ of the returns; 0.95 to 0.9999")
        @Elsewhere("gamma")
        @Range(min = 0, max = 1)
        double discount,
    @Doc("step size of the optimizer, 1e-4 to 1e-3; > 0 at the start")
        @Elsewhere("lr")
        @Range(min = 0)
        Schedule learningRate,
    @Doc("weight of the value loss; 0.1 to 1") @Elsewhere({"vf_coef", "vf_coeff"}) @Range(min = 0)
        double valueCoefficient,
    @Doc("natural logarithm of the initial standard deviation of continuous actions; -1 to 0")
        @Elsewhere("log_std_init")
        double initialLogDeviation,
    @Doc("gradients are scaled down to this norm; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements OfflineAlgorithmConfig, MarwilConfigBuilder.With {

  /** Checks the values. */
  public MarwilConfig {
    Constraints.check(
        MarwilConfig.class,
        advantageScale,
        greatestWeight,
        minibatchSize,
        discount,
        learningRate,
        valueCoefficient,
        initialLogDeviation,
        maxGradientNorm,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** β 1, weights of 20 at most, and 256 steps a gradient by Adam at 0.001. */
  public static MarwilConfig defaults() {
    return new MarwilConfig(
        1, 20, 256, 0.99, Schedule.constant(1e-3), 1, 0, 0, OptimizerConfig.Adam.defaults());
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return ActorCritic.policy(observationSpace, actionSpace, network, initialLogDeviation);
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, 0, true, null);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new ImitationLearner(
        setup,
        minibatchSize,
        discount,
        learningRate,
        new ImitationLoss.AdvantageWeighted(
            (float) advantageScale, (float) greatestWeight, (float) valueCoefficient));
  }
}
