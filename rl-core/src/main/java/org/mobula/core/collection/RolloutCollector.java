package org.mobula.core.collection;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.Rollout;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.random.Pcg64;

/**
 * Collects rollouts in the caller's thread. Actions are sampled from the policy; in a box they are
 * scaled and clipped for the environment alone and recorded as sampled.
 *
 * <p>The observation normaliser does not change within a rollout, so that one policy speaks from
 * its first step to its last. Only where nothing was measured yet, in a run's first rollout,
 * features are normalised by what this collector has observed up to the step, as Stable-Baselines3
 * does at every step: otherwise the first iteration would learn from raw numbers.
 */
public final class RolloutCollector implements ExperienceSource {
  private static final String ENVIRONMENT_REMEDY =
      "the environment must not give such numbers: find out where it divides by zero or overflows";

  // What a state holds, in its own words.
  private static final byte NEW_EPISODES = 0;
  private static final byte BETWEEN_ROLLOUTS = 1;
  private static final byte WITHIN_A_ROLLOUT = 2;

  private final VectorEnvironment environments;
  private final PolicyRunner policy;
  private final ActionHead head;
  private final ActionDistribution distribution;
  private final double observationClip;
  private final RunningStatistics firstObservations;
  private final Pcg64 random;
  private final Rollout rollout;
  private final VectorStep step;
  private final int features;
  private final int outputSize;
  private final float[] observations;
  private final float[] rowFeatures;
  private final float[] outputs;
  private final float[] environmentActions;
  private final boolean[] masks;
  private final double[] episodeReturns;
  private final int[] episodeLengths;
  private boolean normalized;
  private BooleanSupplier stopped = () -> false;

  /** The step of the rollout that comes next; not 0 between a collection and its continuation. */
  private int nextStep;

  /**
   * A collector whose environments have just been reset.
   *
   * @param environments closed with the collector, or at once where the reset fails; in same-step
   *     reset mode
   * @param policy closed with the environments
   * @param steps of each environment in one rollout
   * @param observationClip normalised observations lie within ±this, and rollouts carry statistics
   *     of the observations; 0 where they are not normalised
   * @param environmentSeed environment {@code i} starts with seed {@code environmentSeed + i}
   * @param random from which actions are sampled
   * @throws IllegalArgumentException if the environments are in another reset mode
   */
  public RolloutCollector(
      VectorEnvironment environments,
      PolicyRunner policy,
      int steps,
      double observationClip,
      long environmentSeed,
      Pcg64 random) {
    if (environments.autoresetMode() != AutoresetMode.SAME_STEP) {
      // The step in which another mode resets is none to learn from.
      throw new IllegalArgumentException(
          "the environments' reset mode is "
              + environments.autoresetMode()
              + " but must be SAME_STEP to collect rollouts");
    }
    this.environments = environments;
    this.policy = policy;
    this.head = policy.spec().head();
    this.distribution = head.distribution();
    this.observationClip = observationClip;
    this.random = random;
    int count = environments.count();
    this.features = policy.spec().observationSpace().flatSize();
    this.firstObservations = new RunningStatistics(features);
    this.outputSize = policy.spec().network().outputs();
    int maskSize = environments.masksActions() ? policy.spec().actionSpace().maskSize() : 0;
    int actionSize = policy.spec().actionSpace().size();
    this.rollout = new Rollout(steps, count, features, actionSize, maskSize);
    this.step = new VectorStep(count, policy.spec().observationSpace());
    this.observations = new float[count * policy.spec().observationSpace().size()];
    this.rowFeatures = new float[count * features];
    this.outputs = new float[count * outputSize];
    this.environmentActions = new float[count * actionSize];
    this.masks = new boolean[count * maskSize];
    this.episodeReturns = new double[count];
    this.episodeLengths = new int[count];
    try {
      environments.reset(Reset.seeded(environmentSeed), observations);
      requireNumbers(observations);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  @Override
  public int environments() {
    return rollout.environments;
  }

  @Override
  public void stopWhen(BooleanSupplier isStopped) {
    this.stopped = isStopped;
  }

  @Override
  public List<StepInProgress> inProgress() {
    return environments.inProgress();
  }

  @Override
  public void resetOptions(Map<String, Object> options) {
    environments.resetOptions(options);
  }

  @Override
  public Rollout collect(PolicySnapshot snapshot) {
    policy.set(snapshot);
    rollout.parameterVersion = policy.version();
    normalized = snapshot.normalizer() != null;
    if (nextStep == 0) {
      rollout.episodes.clear();
      rollout.observationStatistics = observationClip > 0 ? new RunningStatistics(features) : null;
    }
    while (nextStep < rollout.steps) {
      if (stopped.getAsBoolean()) {
        throw new CollectionStoppedException();
      }
      int t = nextStep;
      observe(rollout.observationStatistics);
      System.arraycopy(
          rowFeatures, 0, rollout.features, t * rowFeatures.length, rowFeatures.length);
      act(t);
      environments.step(environmentActions, step);
      requireNumbers(step.observations);
      requireRewards();
      record(t);
      System.arraycopy(step.observations, 0, observations, 0, observations.length);
      nextStep++;
    }
    observe(null);
    for (int i = 0; i < rollout.environments; i++) {
      rollout.lastValues[i] = value(i);
    }
    nextStep = 0;
    return rollout;
  }

  /** From the present observations to the output rows. */
  private void observe(@Nullable RunningStatistics statistics) {
    policy.flatten(observations, rollout.environments, rowFeatures);
    if (statistics != null) {
      statistics.update(rowFeatures);
      if (!normalized) {
        firstObservations.update(rowFeatures);
      }
    }
    normalize();
    policy.forward(rowFeatures, rollout.environments, outputs);
    NonFiniteException.checkDivergence(outputs, 0, outputs.length, "network output");
  }

  /** Of the environments, as they are now: where one has just been reset, its first observation. */
  private void requireNumbers(float[] observed) {
    int bad = NonFiniteException.firstBad(observed, 0, observed.length);
    if (bad < observed.length) {
      throw blame(bad, "observation", false, observed[bad]);
    }
  }

  private void requireRewards() {
    int bad = NonFiniteException.firstBad(step.rewards, 0, step.rewards.length);
    if (bad < step.rewards.length) {
      boolean over = step.terminated[bad] || step.truncated[bad];
      throw environments.blame(
          bad, over, new NonFiniteException("the reward", step.rewards[bad], ENVIRONMENT_REMEDY));
    }
  }

  private EnvironmentException blame(int index, String what, boolean lastEpisode, float number) {
    int size = policy.spec().observationSpace().size();
    String element = "element " + index % size + " of the " + what;
    return environments.blame(
        index / size, lastEpisode, new NonFiniteException(element, number, ENVIRONMENT_REMEDY));
  }

  private void normalize() {
    if (observationClip > 0 && !normalized) {
      ObservationNormalizer.apply(firstObservations, rowFeatures, observationClip);
    } else {
      policy.normalize(rowFeatures, rollout.environments);
    }
  }

  private float value(int environment) {
    return outputs[environment * outputSize + outputSize - 1];
  }

  private void act(int t) {
    int actionSize = rollout.actionSize();
    int maskSize = rollout.maskSize();
    if (maskSize > 0) {
      environments.actionMasks(masks);
      System.arraycopy(masks, 0, rollout.masks, t * masks.length, masks.length);
    }
    for (int i = 0; i < rollout.environments; i++) {
      int row = t * rollout.environments + i;
      int output = i * outputSize;
      rollout.values[row] = value(i);
      if (maskSize > 0) {
        head.mask(outputs, output, masks, i * maskSize);
      }
      int action = row * actionSize;
      distribution.sample(outputs, output, random, rollout.actions, action);
      rollout.logProbabilities[row] =
          distribution.logProbability(outputs, output, rollout.actions, action);
    }
    System.arraycopy(
        rollout.actions,
        t * environmentActions.length,
        environmentActions,
        0,
        environmentActions.length);
    for (int i = 0; i < rollout.environments; i++) {
      head.toEnvironment(environmentActions, i * actionSize);
    }
  }

  private void record(int t) {
    boolean anyCutOff = false;
    for (int i = 0; i < rollout.environments; i++) {
      int row = t * rollout.environments + i;
      rollout.rewards[row] = step.rewards[i];
      rollout.terminated[row] = step.terminated[i];
      rollout.truncated[row] = step.truncated[i];
      rollout.finalValues[row] = 0;
      anyCutOff |= isCutOff(i);
      episodeReturns[i] += step.rewards[i];
      episodeLengths[i]++;
      if (step.terminated[i] || step.truncated[i]) {
        rollout.episodes.add(episodeReturns[i], episodeLengths[i]);
        if (!step.info(i).isEmpty()) {
          rollout.episodes.addFacts(step.info(i));
        }
        episodeReturns[i] = 0;
        episodeLengths[i] = 0;
      }
    }
    if (anyCutOff) {
      valueFinalObservations(t);
    }
  }

  /** An episode that was cut off would have gone on: its rest is worth what the critic says. */
  private void valueFinalObservations(int t) {
    int size = policy.spec().observationSpace().size();
    for (int i = 0; i < rollout.environments; i++) {
      if (isCutOff(i)) { // what lies in the rows of the others is meant for nobody
        int bad = NonFiniteException.firstBad(step.finalObservations, i * size, (i + 1) * size);
        if (bad < (i + 1) * size) {
          throw blame(bad, "final observation", true, step.finalObservations[bad]);
        }
      }
    }
    policy.flatten(step.finalObservations, rollout.environments, rowFeatures);
    normalize();
    policy.forward(rowFeatures, rollout.environments, outputs);
    for (int i = 0; i < rollout.environments; i++) {
      if (isCutOff(i)) {
        rollout.finalValues[t * rollout.environments + i] = value(i);
      }
    }
  }

  private boolean isCutOff(int environment) {
    return step.truncated[environment] && !step.terminated[environment];
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    writeState(out, nextStep);
  }

  /**
   * Writes a state after which the last rollout, which nobody has learnt from, is handed out again.
   */
  public void writeStateBeforeHandingOut(DataOutput out) throws IOException {
    writeState(out, nextStep == 0 ? rollout.steps : nextStep);
  }

  private void writeState(DataOutput out, int next) throws IOException {
    random.writeState(out);
    if (!environments.savesState()) {
      out.writeByte(NEW_EPISODES);
      return;
    }
    out.writeByte(next == 0 ? BETWEEN_ROLLOUTS : WITHIN_A_ROLLOUT);
    environments.writeState(out);
    for (float number : observations) {
      out.writeFloat(number);
    }
    for (int i = 0; i < rollout.environments; i++) {
      out.writeDouble(episodeReturns[i]);
      out.writeInt(episodeLengths[i]);
    }
    if (next > 0) {
      out.writeInt(next);
      firstObservations.writeState(out);
      rollout.writeState(out);
    }
  }

  @Override
  public void writeNewEpisodes(DataOutput out) throws IOException {
    random.writeState(out);
    out.writeByte(NEW_EPISODES);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    random.readState(in);
    nextStep = 0;
    int kind = in.readByte();
    if (kind == NEW_EPISODES) {
      environments.reset(Reset.seeded(random.nextLong() >>> 33), observations);
      requireNumbers(observations);
      return;
    }
    environments.readState(in);
    for (int i = 0; i < observations.length; i++) {
      observations[i] = in.readFloat();
    }
    for (int i = 0; i < rollout.environments; i++) {
      episodeReturns[i] = in.readDouble();
      episodeLengths[i] = in.readInt();
    }
    if (kind == WITHIN_A_ROLLOUT) {
      nextStep = in.readInt();
      firstObservations.readState(in);
      rollout.readState(in);
    }
  }

  @Override
  public void close() {
    environments.close();
    policy.close();
  }
}
