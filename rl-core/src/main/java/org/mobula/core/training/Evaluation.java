package org.mobula.core.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays whole episodes with a policy, on environments of its own, with the policy's normaliser as
 * it is. Each environment plays one episode, many side by side in one batch: playing on until
 * enough episodes are over would favour short ones. Environments that come in batches step together
 * until the last of their episodes is over; whatever follows the others' ends does not count.
 */
public final class Evaluation implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Evaluation.class);
  private static final int SIDE_BY_SIDE = 64;
  private static final boolean[] NO_MASK = {};

  private final PolicyRunner policy;
  private final PolicySpec spec;
  private final ActionHead head;
  private final List<Environment> environments = new ArrayList<>();

  /** In place of the environments, where they come in batches. */
  private final @Nullable VectorEnvironment batch;

  private final int sideBySide;
  private final int episodes;
  private final boolean deterministic;
  private final long seed;
  private final int maxEpisodeSteps;
  private Map<String, Object> resetOptions = Map.of();

  /** What is asked of an environment now; −1 for an episode if nothing is. */
  private volatile int busyEpisode = -1;

  private volatile int busyStep;

  /**
   * An evaluation that can be run again and again.
   *
   * @param network made from the policy's network spec; closed with the evaluation, or at once
   *     where an environment cannot be made
   * @param episodes of one run
   * @param deterministic whether the most likely action is taken; else actions are sampled
   * @param seed episode {@code i} starts with seed {@code seed + i} in each run
   * @param maxEpisodeSteps where an episode is cut off
   */
  public Evaluation(
      EnvironmentFactory factory,
      PolicySpec spec,
      Network network,
      int episodes,
      boolean deterministic,
      long seed,
      int maxEpisodeSteps) {
    this.policy = new PolicyRunner(spec, network);
    this.spec = spec;
    this.head = spec.actionHead();
    this.episodes = episodes;
    this.deterministic = deterministic;
    this.seed = seed;
    this.maxEpisodeSteps = maxEpisodeSteps;
    this.sideBySide = Math.min(episodes, SIDE_BY_SIDE);
    try {
      if (factory instanceof VectorEnvironmentFactory batches) {
        batch = sideBySide == 0 ? null : ExperienceSetup.batch(batches, sideBySide);
      } else {
        batch = null;
        for (int i = 0; i < sideBySide; i++) {
          environments.add(factory.create());
        }
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** The options that episodes are reset with from now on; none before. */
  public void resetOptions(Map<String, Object> options) {
    resetOptions = Map.copyOf(options);
  }

  /**
   * Plays the episodes with this policy.
   *
   * @throws TrainingException if an environment fails, naming episode, seed and step
   * @throws NonFiniteException if the policy's outputs are NaN or infinite
   */
  public EvaluationResult run(PolicySnapshot snapshot) {
    return run(snapshot, () -> false).orElseThrow();
  }

  /**
   * As {@link #run(PolicySnapshot)}, while nobody asks it to end.
   *
   * @param stopped is asked before each step
   * @return empty if it was stopped
   */
  Optional<EvaluationResult> run(PolicySnapshot snapshot, BooleanSupplier stopped) {
    policy.set(snapshot);
    // A stream of its own: by the seed itself the first episode draws its numbers too.
    Pcg64 random = new Pcg64(SeedSequence.of(seed).stream("actions"));
    double[] returns = new double[episodes];
    int[] lengths = new int[episodes];
    int cutOff = 0;
    for (int first = 0; first < episodes; first += sideBySide) {
      int count = Math.min(sideBySide, episodes - first);
      int cut =
          batch == null
              ? play(first, count, random, returns, lengths, stopped)
              : play(batch, first, count, random, returns, lengths, stopped);
      if (cut < 0) {
        return Optional.empty();
      }
      cutOff += cut;
    }
    if (cutOff > 0) {
      LOG.warn(
          "{} of {} episodes of an evaluation did not end within {} steps and were cut off: is the"
              + " task without an end? Bound its episodes by TimeLimit, or set"
              + " evaluation.max-episode-steps",
          cutOff,
          episodes,
          maxEpisodeSteps);
    }
    return Optional.of(
        new EvaluationResult(
            Arrays.stream(returns).boxed().toList(),
            Arrays.stream(lengths).boxed().toList(),
            cutOff));
  }

  /** Tries the policy on rows of features, which are normalised already; none are fine, too. */
  void requireFiniteOutputs(PolicySnapshot snapshot, float[] observations, int rows) {
    if (rows == 0) {
      return;
    }
    float[] outputs = new float[rows * spec.network().outputs()];
    float[] features = new float[rows * spec.observationSpace().flatSize()];
    policy.set(snapshot);
    policy.flatten(observations, rows, features);
    policy.normalize(features, rows);
    policy.forward(features, rows, outputs);
    requireFinite(outputs, outputs.length);
  }

  private static void requireFinite(float[] outputs, int count) {
    NonFiniteException.checkDivergence(outputs, 0, count, "network output");
  }

  /**
   * Plays episodes {@code first} to {@code first + count − 1} side by side.
   *
   * @return how many were cut off; −1 if all of it was stopped
   */
  private int play(
      int first,
      int count,
      Pcg64 random,
      double[] returns,
      int[] lengths,
      BooleanSupplier stopped) {
    int observationSize = spec.observationSpace().size();
    int outputSize = spec.network().outputs();
    float[] observations = new float[count * observationSize];
    float[] features = new float[count * spec.observationSpace().flatSize()];
    float[] outputs = new float[count * outputSize];
    Step step = new Step(spec.observationSpace());
    float[] action = new float[spec.actionSpace().size()];
    boolean[] mask = new boolean[spec.actionSpace().maskSize()];
    int[] playing = new int[count];
    for (int i = 0; i < count; i++) {
      if (stopped.getAsBoolean()) {
        return -1;
      }
      begin(first + i, 0);
      try {
        environments.get(i).reset(new Reset(seed + first + i, resetOptions), step.observation);
      } catch (RuntimeException | Error e) {
        throw failure(first + i, 0, e);
      } finally {
        busyEpisode = -1;
      }
      System.arraycopy(step.observation, 0, observations, i * observationSize, observationSize);
      playing[i] = i;
    }
    int cutOff = 0;
    int left = count;
    while (left > 0) {
      policy.flatten(observations, left, features);
      policy.normalize(features, left);
      policy.forward(features, left, outputs);
      requireFinite(outputs, left * outputSize);
      int still = 0;
      for (int row = 0; row < left; row++) {
        if (stopped.getAsBoolean()) {
          return -1;
        }
        Environment environment = environments.get(playing[row]);
        int episode = first + playing[row];
        lengths[episode]++;
        begin(episode, lengths[episode]);
        try {
          if (environment.masksActions()) {
            environment.actionMask(mask);
          }
          boolean[] masks = environment.masksActions() ? mask : NO_MASK;
          choose(outputs, row * outputSize, masks, 0, random, action, 0);
          step.clear();
          environment.step(action, step);
        } catch (RuntimeException | Error e) {
          throw failure(episode, lengths[episode], e);
        } finally {
          busyEpisode = -1;
        }
        requireNumber(step.reward, episode, lengths[episode]);
        returns[episode] += step.reward;
        if (step.done()) {
          continue;
        } else if (lengths[episode] >= maxEpisodeSteps) {
          cutOff++;
          continue;
        }
        System.arraycopy(
            step.observation, 0, observations, still * observationSize, observationSize);
        playing[still++] = playing[row];
      }
      left = still;
    }
    return cutOff;
  }

  /** As the other one, by steps of a whole batch. */
  private int play(
      VectorEnvironment together,
      int first,
      int count,
      Pcg64 random,
      double[] returns,
      int[] lengths,
      BooleanSupplier stopped) {
    int all = together.count();
    int outputSize = spec.network().outputs();
    int actionSize = spec.actionSpace().size();
    VectorStep step = new VectorStep(all, spec.observationSpace());
    float[] features = new float[all * spec.observationSpace().flatSize()];
    float[] outputs = new float[all * outputSize];
    float[] actions = new float[all * actionSize];
    int maskSize = together.masksActions() ? spec.actionSpace().maskSize() : 0;
    boolean[] masks = new boolean[all * maskSize];
    boolean[] over = new boolean[all];
    Arrays.fill(over, count, all, true);
    if (stopped.getAsBoolean()) {
      return -1;
    }
    try {
      together.reset(new Reset(seed + first, resetOptions), step.observations);
    } catch (RuntimeException | Error e) {
      throw failureOf(first, count, e);
    }
    int cutOff = 0;
    int left = count;
    while (left > 0) {
      if (stopped.getAsBoolean()) {
        return -1;
      }
      policy.flatten(step.observations, all, features);
      policy.normalize(features, all);
      policy.forward(features, all, outputs);
      requireFinite(outputs, all * outputSize);
      try {
        if (maskSize > 0) {
          together.actionMasks(masks);
        }
        for (int i = 0; i < all; i++) {
          choose(outputs, i * outputSize, masks, i * maskSize, random, actions, i * actionSize);
        }
        together.step(actions, step);
      } catch (RuntimeException | Error e) {
        throw failureOf(first, count, e);
      }
      for (int i = 0; i < count; i++) {
        if (over[i]) {
          continue;
        }
        int episode = first + i;
        lengths[episode]++;
        requireNumber(step.rewards[i], episode, lengths[episode]);
        returns[episode] += step.rewards[i];
        boolean ended = step.terminated[i] || step.truncated[i];
        if (ended || lengths[episode] >= maxEpisodeSteps) {
          cutOff += ended ? 0 : 1;
          over[i] = true;
          left--;
        }
      }
    }
    return cutOff;
  }

  private void begin(int episode, int step) {
    busyStep = step;
    busyEpisode = episode;
  }

  /** The step that has not returned, if there is one; asked from any thread. */
  List<StepInProgress> inProgress() {
    if (batch != null) {
      return batch.inProgress();
    }
    int episode = busyEpisode;
    if (episode < 0) {
      return List.of();
    }
    int index = episode % environments.size();
    return List.of(StepInProgress.of(index, environments.get(index), seed + episode, 1, busyStep));
  }

  private void requireNumber(double reward, int episode, int step) {
    if (!Double.isFinite(reward)) {
      throw failure(
          episode,
          step,
          new NonFiniteException("the reward", reward, "find out where it comes from"));
    }
  }

  private TrainingException failure(int episode, int step, Throwable cause) {
    return new TrainingException(
        "an evaluation's episode "
            + episode
            + " (seed "
            + (seed + episode)
            + ") failed in "
            + (step == 0 ? "the reset" : "step " + step)
            + ": "
            + cause,
        cause,
        false);
  }

  /** The batch says itself which of its environments failed, with its seed and step. */
  private static TrainingException failureOf(int first, int count, Throwable cause) {
    return new TrainingException(
        "an evaluation's episodes "
            + first
            + " to "
            + (first + count - 1)
            + " failed: "
            + (cause instanceof EnvironmentException ? cause.getMessage() : cause),
        cause,
        false);
  }

  /**
   * Chooses an action.
   *
   * @param masks without flags where nothing is forbidden
   */
  private void choose(
      float[] outputs,
      int output,
      boolean[] masks,
      int mask,
      Pcg64 random,
      float[] actions,
      int action) {
    if (masks.length > 0) {
      head.mask(outputs, output, masks, mask);
    }
    head.choose(outputs, output, deterministic ? null : random, actions, action);
  }

  @Override
  public void close() {
    environments.forEach(Environment::close);
    if (batch != null) {
      batch.close();
    }
    policy.close();
  }
}
