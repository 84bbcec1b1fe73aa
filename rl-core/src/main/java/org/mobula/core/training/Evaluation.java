package org.mobula.core.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * Plays whole episodes with a policy, on environments of its own, with the policy's normaliser as
 * it is. Each environment plays one episode, many side by side in one batch: playing on until
 * enough episodes are over would favour short ones.
 */
public final class Evaluation implements AutoCloseable {
  private static final int SIDE_BY_SIDE = 64;

  private final PolicyRunner policy;
  private final PolicySpec spec;
  private final ActionHead head;
  private final List<Environment> environments = new ArrayList<>();
  private final int episodes;
  private final boolean deterministic;
  private final long seed;

  /**
   * An evaluation that can be run again and again.
   *
   * @param network made from the policy's network spec; closed with the evaluation, or at once
   *     where an environment cannot be made
   * @param episodes of one run
   * @param deterministic whether the most likely action is taken; else actions are sampled
   * @param seed episode {@code i} starts with seed {@code seed + i} in each run
   */
  public Evaluation(
      EnvironmentFactory factory,
      PolicySpec spec,
      Network network,
      int episodes,
      boolean deterministic,
      long seed) {
    this.policy = new PolicyRunner(spec, network);
    this.spec = spec;
    this.head = spec.head();
    this.episodes = episodes;
    this.deterministic = deterministic;
    this.seed = seed;
    try {
      for (int i = 0; i < Math.min(episodes, SIDE_BY_SIDE); i++) {
        environments.add(factory.create());
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Plays the episodes with this policy. */
  public EvaluationResult run(PolicySnapshot snapshot) {
    policy.set(snapshot);
    Pcg64 random = new Pcg64(seed);
    double[] returns = new double[episodes];
    int[] lengths = new int[episodes];
    for (int first = 0; first < episodes; first += environments.size()) {
      int count = Math.min(environments.size(), episodes - first);
      play(first, count, random, returns, lengths);
    }
    return new EvaluationResult(
        Arrays.stream(returns).boxed().toList(), Arrays.stream(lengths).boxed().toList());
  }

  /** Plays episodes {@code first} to {@code first + count − 1} side by side. */
  private void play(int first, int count, Pcg64 random, double[] returns, int[] lengths) {
    int observationSize = spec.observationSpace().size();
    float[] observations = new float[count * observationSize];
    float[] features = new float[count * spec.observationSpace().flatSize()];
    float[] outputs = new float[count * spec.network().outputs()];
    Step step = new Step(spec.observationSpace());
    float[] action = new float[spec.actionSpace().size()];
    boolean[] mask = new boolean[spec.actionSpace().maskSize()];
    int[] playing = new int[count];
    for (int i = 0; i < count; i++) {
      environments.get(i).reset(Reset.seeded(seed + first + i), step.observation);
      System.arraycopy(step.observation, 0, observations, i * observationSize, observationSize);
      playing[i] = i;
    }
    int left = count;
    while (left > 0) {
      policy.flatten(observations, left, features);
      policy.normalize(features, left);
      policy.forward(features, left, outputs);
      int still = 0;
      for (int row = 0; row < left; row++) {
        Environment environment = environments.get(playing[row]);
        int episode = first + playing[row];
        choose(environment, outputs, row, mask, random, action);
        step.clear();
        environment.step(action, step);
        returns[episode] += step.reward;
        lengths[episode]++;
        if (!step.done()) {
          System.arraycopy(
              step.observation, 0, observations, still * observationSize, observationSize);
          playing[still++] = playing[row];
        }
      }
      left = still;
    }
  }

  private void choose(
      Environment environment,
      float[] outputs,
      int row,
      boolean[] mask,
      Pcg64 random,
      float[] action) {
    int output = row * spec.network().outputs();
    if (environment.masksActions()) {
      environment.actionMask(mask);
      head.mask(outputs, output, mask, 0);
    }
    if (deterministic) {
      head.distribution().mode(outputs, output, action, 0);
    } else {
      head.distribution().sample(outputs, output, random, action, 0);
    }
    head.clip(action, 0);
  }

  @Override
  public void close() {
    environments.forEach(Environment::close);
    policy.close();
  }
}
