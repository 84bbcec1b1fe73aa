package example.reinforce;

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
import org.mobula.core.config.Key;
import org.mobula.core.config.Range;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/** REINFORCE with a learnt baseline (Williams 1992), a gradient of all steps at a time. */
@Key("reinforce")
public record ReinforceConfig(
    @Doc("steps that each environment takes per iteration") @Range(min = 1) int steps,
    @Doc("gradients per iteration, each of the steps of its own") @Range(min = 1) int rounds,
    @Doc("discount factor γ of the returns") @Range(min = 0, max = 1) double discount,
    @Doc("step size of the optimizer") @Range(exclusiveMin = 0) double learningRate)
    implements AlgorithmConfig {

  /** Checks the values. */
  public ReinforceConfig {
    Constraints.check(ReinforceConfig.class, steps, rounds, discount, learningRate);
  }

  /** A short horizon and large steps. */
  public static ReinforceConfig defaults() {
    return new ReinforceConfig(32, 1, 0.9, 3e-3);
  }

  @Override
  public int rounds(int environments) {
    return rounds;
  }

  @Override
  public OptimizerConfig optimizer() {
    return new OptimizerConfig.Adam(0.9, 0.999, 1e-8, 0, false, Map.of());
  }

  @Override
  public double maxGradientNorm() {
    return 0;
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    return ActorCritic.policy(observationSpace, actionSpace, network, 0);
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new SamplingActor(setup);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new ReinforceLearner(this, setup);
  }
}
