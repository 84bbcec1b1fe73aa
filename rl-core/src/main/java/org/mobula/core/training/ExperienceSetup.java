package org.mobula.core.training;

import java.io.Serializable;
import java.util.Map;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.NormalizeObservation;
import org.mobula.core.environment.NormalizeReward;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.ThreadedVectorEnvironment;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.TrainingConfig;

/**
 * What an experience source is made from.
 *
 * @param config of the run
 * @param policy that acts
 * @param environment makes the environments
 * @param resetOptions that a collector's first episodes are reset with
 */
public record ExperienceSetup(
    TrainingConfig config,
    PolicySpec policy,
    EnvironmentFactory environment,
    Map<String, Object> resetOptions)
    implements Serializable {

  /** Copies the options. */
  public ExperienceSetup {
    resetOptions = Map.copyOf(resetOptions);
  }

  /** With the first episodes reset as the configuration says. */
  public ExperienceSetup(TrainingConfig config, PolicySpec policy, EnvironmentFactory environment) {
    this(config, policy, environment, config.environment().resetOptions(0));
  }

  /** The same with other options of the first episodes. */
  public ExperienceSetup withResetOptions(Map<String, Object> options) {
    return new ExperienceSetup(config, policy, environment, options);
  }

  /** Collects in the caller's thread: the socket's in-process plug. */
  public ExperienceSource inProcess() {
    return collector(0, 1);
  }

  /**
   * A collector for an equal share of the environments. Environment {@code i} of all starts with
   * seed s + i, whoever it belongs to, where s is drawn from the run's seed: runs with neighbouring
   * seeds have no environment in common.
   *
   * @param share which share, from 0
   * @param shares how many shares there are
   */
  public RolloutCollector collector(int share, int shares) {
    return collector(share, shares, 0);
  }

  /**
   * A collector in place of one that failed. Its environments and actions have seeds of their own,
   * so that what went wrong does not go wrong again in the same way.
   *
   * @param restart how many collectors the share had before; 0 for none
   */
  public RolloutCollector collector(int share, int shares, int restart) {
    int count = config.environment().count() / shares;
    SeedSequence root = SeedSequence.of(config.seed());
    String who = restart == 0 ? String.valueOf(share) : share + "/" + restart;
    long environmentSeed =
        restart == 0
            ? word(root.stream("environments")) + (long) share * count
            : word(root.stream("environments/" + who));
    VectorEnvironment environments = environments(count);
    environments.resetOptions(resetOptions);
    try {
      ActorSetup acting =
          new ActorSetup(
              policy,
              config.network().engine(),
              count,
              config.environment().count(),
              config.normalization().observationClip());
      return new RolloutCollector(
          environments,
          config.algorithm().actor(acting),
          acting,
          config.algorithm().steps(),
          environmentSeed,
          new Pcg64(root.stream("actions/" + who)));
    } catch (RuntimeException e) {
      environments.close();
      throw e;
    }
  }

  private static void requireNoStatistics(Environment environment) {
    Environment present = environment;
    while (present instanceof EnvironmentWrapper wrapper) {
      boolean observations = wrapper instanceof NormalizeObservation;
      if (observations || wrapper instanceof NormalizeReward) {
        throw new IllegalArgumentException(
            "the environment is wrapped in %s, whose statistics do not travel with the policy; leave the wrapper out and set normalization.%s: true"
                .formatted(
                    wrapper.getClass().getSimpleName(), observations ? "observations" : "rewards"));
      }
      present = wrapper.inner();
    }
  }

  /** A seed of 31 bits, which every tool's environments take. */
  private static long word(SeedSequence stream) {
    return stream.generateState(1)[0] >>> 33;
  }

  private VectorEnvironment environments(int count) {
    int threads = Math.min(config.environment().threads(), count);
    if (environment instanceof VectorEnvironmentFactory batches) {
      if (config.environment().threads() > 1) {
        throw new IllegalArgumentException(
            "environment.threads is "
                + config.environment().threads()
                + ", but these environments come in batches that step themselves: leave it at 1");
      }
      return batch(batches, count);
    }
    return threads == 1
        ? new SyncVectorEnvironment(environment, count, AutoresetMode.SAME_STEP)
        : new ThreadedVectorEnvironment(environment, count, AutoresetMode.SAME_STEP, threads);
  }

  /**
   * Makes a batch.
   *
   * @throws IllegalArgumentException if it is of another size or resets in another way
   */
  static VectorEnvironment batch(VectorEnvironmentFactory factory, int count) {
    VectorEnvironment batch = factory.create(count);
    String wrong = null;
    if (batch.count() != count) {
      wrong = "has %s environments but must have %s, as asked for".formatted(batch.count(), count);
    } else if (batch.autoresetMode() != AutoresetMode.SAME_STEP) {
      wrong =
          "resets in the mode %s but must in SAME_STEP: an episode that is over is followed by the next within the step"
              .formatted(batch.autoresetMode());
    }
    if (wrong != null) {
      batch.close();
      throw new IllegalArgumentException(
          "a batch of environments (" + batch.getClass().getSimpleName() + ") " + wrong);
    }
    return batch;
  }

  /**
   * The policy that a configuration asks for. The spaces are asked of an environment that is made
   * for this alone.
   *
   * @throws IllegalArgumentException if the algorithm cannot act there, or the environment
   *     normalises for itself: its statistics would be left behind when the policy is evaluated or
   *     served, and returns would be those of scaled rewards
   */
  public static PolicySpec policy(TrainingConfig config, EnvironmentFactory factory) {
    try (Environment environment = factory.create()) {
      requireNoStatistics(environment);
      Space actions = environment.actionSpace();
      PolicySpec policy =
          config
              .algorithm()
              .policy(environment.observationSpace(), actions, config.network())
              .withMasksActions(environment.masksActions() && actions.maskSize() > 0)
              .withScaledActions(config.normalization().actions());
      if (config.normalization().observations()
          && policy.network() instanceof ConvolutionSpec network) {
        policy = policy.withNetwork(network.withDivisor(1)); // normalised numbers are no pixels
      }
      config.algorithm().check(policy);
      return policy;
    }
  }
}
