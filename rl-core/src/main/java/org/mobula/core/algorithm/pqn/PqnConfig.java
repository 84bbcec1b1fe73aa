package org.mobula.core.algorithm.pqn;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.EpsilonGreedyActor;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
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

/** Settings of the parallelised Q-network (Gallici et al. 2024); the defaults are CleanRL's. */
@RecordBuilder
public record PqnConfig(
    @Doc("steps that each environment takes per iteration; 32 to 256")
        @Elsewhere({"n_steps", "num_steps"})
        @Range(min = 1)
        int steps,
    @Doc("rows per gradient; 64 to 4096") @Elsewhere("batch_size") @Range(min = 1)
        int minibatchSize,
    @Doc("passes over each iteration's experience; 1 to 4")
        @Elsewhere({"n_epochs", "update_epochs"})
        @Range(min = 1)
        int epochs,
    @Doc("discount factor γ of the returns; 0.95 to 0.999")
        @Elsewhere("gamma")
        @Range(min = 0, max = 1)
        double discount,
    @Doc("λ of the returns: 0 is one step of Q-learning, 1 whole episodes; 0.5 to 0.95")
        @Elsewhere("q_lambda")
        @Range(min = 0, max = 1)
        double traceDecay,
    @Doc("step size of the optimizer, 1e-5 to 1e-2; > 0 at the start")
        @Elsewhere("lr")
        @Range(min = 0)
        Schedule learningRate,
    @Doc("ε: share of random actions at the start")
        @Elsewhere({"exploration_initial_eps", "start_e"})
        @Range(min = 0, max = 1)
        double initialExploration,
    @Doc("share of random actions in the end; 0.01 to 0.1")
        @Elsewhere({"exploration_final_eps", "end_e"})
        @Range(min = 0, max = 1)
        double finalExploration,
    @Doc(
            "environment steps over which the share falls, in a straight line; a tenth to a half of"
                + " the training")
        @Range(min = 1)
        long explorationSteps,
    @Doc("gradients are scaled down to this global norm; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements AlgorithmConfig, PqnConfigBuilder.With {

  /** Checks the values. */
  public PqnConfig {
    Constraints.check(
        PqnConfig.class,
        steps,
        minibatchSize,
        epochs,
        discount,
        traceDecay,
        learningRate,
        initialExploration,
        finalExploration,
        explorationSteps,
        maxGradientNorm,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
  }

  /** CleanRL's defaults, which explore for half of a training of 500,000 steps. */
  public static PqnConfig defaults() {
    Schedule falling = Schedule.linear(2.5e-4, 0);
    OptimizerConfig adam = OptimizerConfig.Adam.defaults();
    return new PqnConfig(128, 128, 4, 0.99, 0.65, falling, 1, 0.05, 250_000, 10, adam);
  }

  @Override
  public PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network) {
    int actions = PolicyNetworks.requireDiscrete("algorithm.pqn", actionSpace);
    return new PolicySpec(
        observationSpace,
        actionSpace,
        PolicyNetworks.of(
            observationSpace, network, List.of(PolicyNetworks.head("q", network, actions, 1))),
        new PolicyHead.Greedy());
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new EpsilonGreedyActor(setup, this::exploration, true);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new PqnLearner(this, setup);
  }

  /** The share of random actions after so many environment steps. */
  double exploration(long environmentSteps) {
    return EpsilonGreedyActor.linear(
        initialExploration, finalExploration, explorationSteps, environmentSteps);
  }
}
