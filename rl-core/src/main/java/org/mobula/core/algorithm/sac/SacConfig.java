package org.mobula.core.algorithm.sac;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.ArrayList;
import java.util.List;
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
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * Settings of soft actor-critic, in a box (Haarnoja et al. 2018) or for discrete actions
 * (Christodoulou 2019); the defaults are those of Stable-Baselines3, whose network has two hidden
 * layers of 256 rectified units.
 */
@RecordBuilder
public record SacConfig(
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
    @Doc("τ: how far the target critics follow at an update; 0.005 to 0.05, 1 is a copy")
        @Elsewhere("tau")
        @Range(exclusiveMin = 0, max = 1)
        double targetRate,
    @Doc("gradients between two updates of the target critics; 1 is usual")
        @Elsewhere("target_update_interval")
        @Range(min = 1)
        int targetInterval,
    @Doc("α: what a nat of entropy is worth in reward, at the start; 0.01 to 1")
        @Elsewhere({"ent_coef", "alpha"})
        @Range(exclusiveMin = 0)
        double temperature,
    @Doc("whether the temperature is learnt, so that the policy keeps the target entropy")
        @Elsewhere("autotune")
        boolean automaticTemperature,
    @Doc(
            "entropy that an automatic temperature aims at, in nats, of actions from -1 to 1; minus the"
                + " numbers of an action if nothing is said, or 0.89 of the greatest entropy of choices")
        @Nullable Double targetEntropy,
    @Doc("critics, the least of whose values counts; 2 is usual")
        @Elsewhere("n_critics")
        @Range(min = 1)
        int critics,
    @Doc(
            "added to the actions that are sampled, for where exploring is hard; none if nothing is said")
        @Elsewhere("action_noise")
        @Nullable ActionNoise noise,
    @Doc("gradients are scaled down to this norm, network by network; 0 is off")
        @Elsewhere({"max_grad_norm", "grad_clip"})
        @Range(min = 0)
        double maxGradientNorm,
    @Doc("the replay memory") ReplayConfig replay,
    @Doc("the optimizer") OptimizerConfig optimizer)
    implements AlgorithmConfig, SacConfigBuilder.With {

  /** The name under which the critics' gradients are pushed. */
  static final String CRITICS = "critics";

  /** The name under which the temperature's gradients are pushed; its logarithm is learnt. */
  static final String TEMPERATURE = "temperature";

  /** Checks the values. */
  public SacConfig {
    Constraints.check(
        SacConfig.class,
        trainFrequency,
        gradientSteps,
        warmUpSteps,
        minibatchSize,
        discount,
        learningRate,
        targetRate,
        targetInterval,
        temperature,
        automaticTemperature,
        targetEntropy,
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
  public static SacConfig defaults() {
    return new SacConfig(
        1,
        1,
        100,
        256,
        0.99,
        Schedule.constant(3e-4),
        0.005,
        1,
        1,
        true,
        null,
        2,
        null,
        0,
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
    if (actionSpace instanceof Discrete discrete) {
      Constraints.require(
          noise == null,
          "noise",
          noise,
          "must be left out where actions are choices (%s): it is added to numbers in a box"
              .formatted(actionSpace));
      return replay.requireRoom(
          new PolicySpec(
              observationSpace,
              actionSpace,
              PolicyNetworks.of(
                  observationSpace,
                  network.withShared(false),
                  List.of(
                      PolicyNetworks.head(
                          "policy", network.withShared(false), discrete.n(), 0.01f)))));
    }
    return replay.requireRoom(
        PolicyNetworks.bounded(
            "sac", observationSpace, actionSpace, network, new PolicyHead.Squashed(), 2));
  }

  @Override
  public void check(PolicySpec policy) {
    if (policy.masksActions()) {
      throw new IllegalArgumentException(
          "the environment forbids actions, which algorithm.sac does not know of; use algorithm.ppo,"
              + " algorithm.a2c, algorithm.dqn or algorithm.pqn");
    }
  }

  @Override
  public SortedMap<String, NetworkSpec> networks(PolicySpec policy, NetworkConfig network) {
    SortedMap<String, NetworkSpec> networks = new TreeMap<>();
    networks.put(
        CRITICS,
        policy.actionSpace() instanceof Discrete discrete
            ? criticsOf(policy, network, discrete.n())
            : PolicyNetworks.critics(policy, network, critics));
    if (automaticTemperature) {
      float start = (float) Math.log(temperature);
      networks.put(
          TEMPERATURE,
          new MlpSpec(
              1,
              List.of(),
              List.of(new MlpSpec.Constant("log_temperature", 1, start)),
              Activation.IDENTITY,
              Initialization.orthogonal()));
    }
    return networks;
  }

  /** From the features to the values of all choices, critic by critic. */
  private NetworkSpec criticsOf(PolicySpec policy, NetworkConfig network, int choices) {
    NetworkConfig apart = network.withShared(false);
    List<MlpSpec.Column> columns = new ArrayList<>();
    for (int i = 1; i <= critics; i++) {
      columns.add(PolicyNetworks.head("critic-" + i, apart, choices, 1));
    }
    return PolicyNetworks.of(policy.observationSpace(), apart, columns);
  }

  /** What an automatic temperature aims at. */
  double targetEntropy(Space actionSpace) {
    if (targetEntropy != null) {
      return targetEntropy;
    }
    return actionSpace instanceof Discrete discrete
        ? 0.89 * Math.log(discrete.n())
        : -actionSpace.size();
  }

  @Override
  public Actor actor(ActorSetup setup) {
    return new ExploringActor(setup, warmUpSteps, true, noise);
  }

  @Override
  public Learner learner(LearnerSetup setup) {
    return new SacLearner(this, null, setup);
  }
}
