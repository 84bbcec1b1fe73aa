package org.mobula.core.algorithm.a2c;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.Map;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/** Settings of advantage actor-critic; the defaults are those of Stable-Baselines3. */
@RecordBuilder
public record A2cConfig(
    @Doc("steps that each environment takes per gradient; 5 to 32")
        @Elsewhere({"n_steps", "num_steps"})
        @Range(min = 1)
        int steps,
    @Doc("discount factor γ of the returns; 0.9 to 0.999")
        @Elsewhere("gamma")
        @Range(min = 0, max = 1)
        double discount,
    @Doc("λ of generalised advantage estimation: 0 is one-step TD, 1 Monte Carlo; 0.9 to 1")
        @Elsewhere("lambda")
        @Range(min = 0, max = 1)
        double gaeLambda,
    @Doc("step size of the optimizer, 1e-4 to 1e-2; > 0 at the start")
        @Elsewhere("lr")
        @Range(min = 0)
        Schedule learningRate,
    @Doc("whether the advantages of a gradient are scaled to mean 0 and deviation 1")
        @Elsewhere("norm_adv")
        boolean normalizeAdvantages,
    @Doc("weight of the entropy bonus; 0 to 0.01")
        @Elsewhere({"ent_coef", "entropy_coeff"})
        @Range(min = 0)
        double entropyCoefficient,
    @Doc("weight of the value loss; 0.25 to 1")
        @Elsewhere({"vf_coef", "vf_loss_coeff"})
        @Range(min = 0)
        double valueCoefficient,
    @Doc("gradients are scaled down to this global norm; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("natural logarithm of the initial standard deviation of continuous actions; -3 to 0")
        @Elsewhere("log_std_init")
        double initialLogDeviation,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements AlgorithmConfig, A2cConfigBuilder.With {

  /** Checks the values. */
  public A2cConfig {
    Constraints.check(
        A2cConfig.class,
        steps,
        discount,
        gaeLambda,
        learningRate,
        normalizeAdvantages,
        entropyCoefficient,
        valueCoefficient,
        maxGradientNorm,
        initialLogDeviation,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** The defaults of Stable-Baselines3. */
  public static A2cConfig defaults() {
    return new A2cConfig(
        5,
        0.99,
        1,
        Schedule.constant(7e-4),
        false,
        0,
        0.5,
        0.5,
        0,
        new OptimizerConfig.RmsProp(0.99, 1e-5, 0, false, 0, Map.of()));
  }

  @Override
  public int rounds(int environments) {
    return AlgorithmConfig.roundsOf(steps, environments);
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return ActorCritic.policy(observationSpace, actionSpace, network, initialLogDeviation);
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new SamplingActor(setup);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new A2cLearner(this, setup);
  }
}
