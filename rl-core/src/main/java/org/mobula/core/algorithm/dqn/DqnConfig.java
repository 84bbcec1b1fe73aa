package org.mobula.core.algorithm.dqn;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.ArrayList;
import java.util.List;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.EpsilonGreedyActor;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.PolicyNetworks;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/**
 * Settings of deep Q-networks (Mnih et al. 2015); the defaults are those of Stable-Baselines3,
 * whose share of the training that explores is a number of steps here.
 */
@RecordBuilder
public record DqnConfig(
    @Doc("steps that each environment takes between two times of learning; 1 to 256")
        @Elsewhere("train_freq")
        @Range(min = 1)
        int trainFrequency,
    @Doc(
            "gradients at each time of learning; -1 takes as many as the environments took steps"
                + " together")
        @Range(min = -1)
        int gradientSteps,
    @Doc("environment steps before the first gradient, at random; 100 to 100 thousand")
        @Elsewhere("learning_starts")
        @Range(min = 0)
        int warmUpSteps,
    @Doc("transitions per gradient; 32 to 512") @Elsewhere("batch_size") @Range(min = 1)
        int minibatchSize,
    @Doc("discount factor γ of the returns; 0.95 to 0.999")
        @Elsewhere("gamma")
        @Range(min = 0, max = 1)
        double discount,
    @Doc("step size of the optimizer, 1e-5 to 1e-2; > 0 at the start")
        @Elsewhere("lr")
        @Range(min = 0)
        Schedule learningRate,
    @Doc("environment steps between two updates of the target network; 10 to 10 thousand")
        @Elsewhere({"target_update_interval", "target_network_frequency"})
        @Range(min = 1)
        int targetInterval,
    @Doc("τ: how far an update of the target network goes; 1 is a copy, 0.005 is usual else")
        @Elsewhere("tau")
        @Range(exclusiveMin = 0, max = 1)
        double targetRate,
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
    @Doc(
            "whether the network that learns chooses the next action, and the target network only"
                + " says what it is worth (van Hasselt et al. 2016)")
        boolean doubleQ,
    @Doc(
            "whether the network gives the worth of a state and the advantages of its actions apart"
                + " (Wang et al. 2016)")
        boolean dueling,
    @Doc(
            "what the network says of an action's return: expected, the mean alone; categorical"
                + " (C51), its distribution over atoms; quantiles (QR-DQN)")
        ActionValues values,
    @Doc("gradients are scaled down to this global norm; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the replay memory") ReplayConfig replay,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements AlgorithmConfig, DqnConfigBuilder.With {

  /** Checks the values. */
  public DqnConfig {
    Constraints.check(
        DqnConfig.class,
        trainFrequency,
        gradientSteps,
        warmUpSteps,
        minibatchSize,
        discount,
        learningRate,
        targetInterval,
        targetRate,
        initialExploration,
        finalExploration,
        explorationSteps,
        doubleQ,
        dueling,
        values,
        maxGradientNorm,
        replay,
        optimizer);
    Constraints.require(learningRate.at(0) > 0, "learning-rate", learningRate.at(0), "must be > 0");
    Constraints.require(
        gradientSteps != 0, "gradient-steps", gradientSteps, "must be -1, or 1 or more");
  }

  /**
   * The defaults of Stable-Baselines3, which explores for a tenth of a training: of 100,000 steps.
   */
  public static DqnConfig defaults() {
    return new DqnConfig(
        4,
        1,
        100,
        32,
        0.99,
        Schedule.constant(1e-4),
        10_000,
        1,
        1,
        0.05,
        10_000,
        false,
        false,
        new ActionValues.ExpectedReturn(),
        10,
        ReplayConfig.defaults(),
        OptimizerConfig.Adam.defaults());
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
    int actions = PolicyNetworks.requireDiscrete("algorithm.dqn", actionSpace);
    List<MlpSpec.Column> columns = new ArrayList<>();
    int width = values.width();
    columns.add(PolicyNetworks.head(dueling ? "advantage" : "q", network, actions * width, 1));
    if (dueling) {
      columns.add(PolicyNetworks.head("value", network, width, 1));
    }
    return replay.requireRoom(
        new PolicySpec(
            observationSpace,
            actionSpace,
            PolicyNetworks.of(observationSpace, network, columns),
            new PolicyHead.Greedy(values)));
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new EpsilonGreedyActor(setup, this::exploration, false);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new DqnLearner(this, setup);
  }

  /** The share of random actions after so many environment steps. */
  double exploration(long environmentSteps) {
    if (environmentSteps < warmUpSteps) {
      return 1;
    }
    return EpsilonGreedyActor.linear(
        initialExploration, finalExploration, explorationSteps, environmentSteps);
  }
}
