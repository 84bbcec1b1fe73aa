package org.mobula.core.algorithm.ppo;

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

/** Settings of proximal policy optimisation; the defaults are those of Stable-Baselines3. */
@RecordBuilder
public record PpoConfig(
    @Doc("steps that each environment takes per iteration")
        @Elsewhere({"n_steps", "num_steps"})
        @Range(min = 1)
        int steps,
    @Doc("samples per gradient; an iteration with fewer is one minibatch")
        @Elsewhere({"batch_size", "sgd_minibatch_size"})
        @Range(min = 1)
        int minibatchSize,
    @Doc("passes over an iteration's samples")
        @Elsewhere({"n_epochs", "update_epochs", "num_sgd_iter"})
        @Range(min = 1)
        int epochs,
    @Doc("discount factor γ of the returns") @Elsewhere("gamma") @Range(min = 0, max = 1)
        double discount,
    @Doc("λ of generalised advantage estimation: 0 is one-step TD, 1 Monte Carlo")
        @Elsewhere("lambda")
        @Range(min = 0, max = 1)
        double gaeLambda,
    @Doc("step size of the optimizer; > 0 at the start") @Elsewhere("lr") @Range(min = 0)
        Schedule learningRate,
    @Doc(
            "ε: how far the probability ratio may leave 1 before the gain is cut off; > 0 at the start")
        @Elsewhere({"clip_coef", "clip_param"})
        @Range(min = 0)
        Schedule clipRange,
    @Doc("how far values may move from those recorded before the loss is cut off; 0 is off")
        @Elsewhere({"clip_range_vf", "vf_clip_param"})
        @Range(min = 0)
        double valueClipRange,
    @Doc("whether each minibatch's advantages are scaled to mean 0 and deviation 1")
        @Elsewhere("norm_adv")
        boolean normalizeAdvantages,
    @Doc("weight of the entropy bonus") @Elsewhere({"ent_coef", "entropy_coeff"}) @Range(min = 0)
        double entropyCoefficient,
    @Doc("weight of the value loss") @Elsewhere({"vf_coef", "vf_loss_coeff"}) @Range(min = 0)
        double valueCoefficient,
    @Doc("gradients are scaled down to this global norm; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("an iteration ends early once the policy has moved 1.5 times this KL divergence; 0 is off")
        @Range(min = 0)
        double targetKl,
    @Doc("natural logarithm of the initial standard deviation of continuous actions")
        @Elsewhere("log_std_init")
        double initialLogDeviation,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements AlgorithmConfig, PpoConfigBuilder.With {

  /** Checks the values. */
  public PpoConfig {
    Constraints.check(
        PpoConfig.class,
        steps,
        minibatchSize,
        epochs,
        discount,
        gaeLambda,
        learningRate,
        clipRange,
        valueClipRange,
        normalizeAdvantages,
        entropyCoefficient,
        valueCoefficient,
        maxGradientNorm,
        targetKl,
        initialLogDeviation,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
    Constraints.require(clipRange.at(0) > 0, "clip-range", clipRange.at(0), "must be > 0");
  }

  /** The defaults of Stable-Baselines3. */
  public static PpoConfig defaults() {
    return new PpoConfig(
        2048,
        64,
        10,
        0.99,
        0.95,
        Schedule.constant(3e-4),
        Schedule.constant(0.2),
        0,
        true,
        0,
        0.5,
        0.5,
        0,
        0,
        new OptimizerConfig.Adam(0.9, 0.999, 1e-5, 0, false, Map.of()));
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
    return new PpoLearner(this, setup);
  }

  PpoLoss.Coefficients coefficients(double progress) {
    return new PpoLoss.Coefficients(
        (float) clipRange.at(progress),
        (float) valueClipRange,
        (float) entropyCoefficient,
        (float) valueCoefficient);
  }
}
