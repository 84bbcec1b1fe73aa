package org.mobula.core.algorithm.imitation;

import io.soabase.recordbuilder.core.RecordBuilder;
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
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/** Settings of behaviour cloning: supervised learning of what was done (Pomerleau 1989). */
@RecordBuilder
public record BcConfig(
    @Doc(
            "log-likelihood, of any action space; or squared-error, of numbers between finite bounds,"
                + " which gives a policy that takes one action only")
        CloningLoss loss,
    @Doc("recorded steps per gradient; 32 to 1024") @Elsewhere("batch_size") @Range(min = 1)
        int minibatchSize,
    @Doc("step size of the optimizer, 1e-4 to 1e-3; > 0 at the start")
        @Elsewhere("lr")
        @Range(min = 0)
        Schedule learningRate,
    @Doc("natural logarithm of the initial standard deviation of continuous actions; -1 to 0")
        @Elsewhere("log_std_init")
        double initialLogDeviation,
    @Doc("gradients are scaled down to this norm; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements OfflineAlgorithmConfig, BcConfigBuilder.With {

  /** Checks the values. */
  public BcConfig {
    Constraints.check(
        BcConfig.class,
        loss,
        minibatchSize,
        learningRate,
        initialLogDeviation,
        maxGradientNorm,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** The likelihood of 256 steps a gradient, by Adam at 0.001. */
  public static BcConfig defaults() {
    return new BcConfig(
        CloningLoss.LOG_LIKELIHOOD,
        256,
        Schedule.constant(1e-3),
        0,
        0,
        OptimizerConfig.Adam.defaults());
  }

  /** There are no returns. */
  @Override
  public double discount() {
    return 1;
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return loss == CloningLoss.SQUARED_ERROR
        ? PolicyNetworks.bounded(
            "bc", observationSpace, actionSpace, network, new PolicyHead.Deterministic(), 1)
        : ActorCritic.actor(observationSpace, actionSpace, network, initialLogDeviation);
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, 0, loss == CloningLoss.LOG_LIKELIHOOD, null);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new ImitationLearner(
        setup,
        minibatchSize,
        1,
        learningRate,
        loss == CloningLoss.SQUARED_ERROR
            ? new ImitationLoss.SquaredError(setup.policy().actionSpace().size())
            : new ImitationLoss.Likelihood());
  }
}
