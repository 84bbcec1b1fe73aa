package org.mobula.core.collection;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * Collects experience in the caller's thread: environments and the acting half of an algorithm, in
 * turn. In a box, actions are scaled and clipped for the environment alone and recorded as the
 * actor gave them.
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
  private static final byte WITHIN_A_ROLLOUT_OF_FEATURES = 2; // until observations were kept
  private static final byte WITHIN_A_ROLLOUT = 3; // until masks of final observations were kept
  private static final byte WITHIN_A_ROLLOUT_WITH_FINAL_MASKS = 4;
  private static final byte WITHIN_A_ROLLOUT_OF_BYTES = 5;

  private final VectorEnvironment environments;
  private final Actor actor;
  private final PolicySpec policy;
  private final ActionHead head;
  private final ObservationEncoder encoder;
  private final double observationClip;
  private final RunningStatistics firstObservations;
  private final Pcg64 random;
  private final Experience experience;
  private final VectorStep step;
  private final int count;
  private final int allEnvironments;
  private final float[] observations;
  private final float[] features;
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
   * @param actor acts in them; closed with the environments
   * @param setup that the actor was made from
   * @param steps of each environment in one collection
   * @param environmentSeed environment {@code i} starts with seed {@code environmentSeed + i}
   * @param random that the actor draws from
   * @throws IllegalArgumentException if the environments are in another reset mode
   */
  public RolloutCollector(
      VectorEnvironment environments,
      Actor actor,
      ActorSetup setup,
      int steps,
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
    this.actor = actor;
    this.policy = setup.policy();
    this.head = policy.actionHead();
    this.encoder = new ObservationEncoder(policy.observationSpace());
    this.observationClip = setup.observationClip();
    this.allEnvironments = setup.allEnvironments();
    this.random = random;
    this.count = environments.count();
    int featureSize = policy.observationSpace().flatSize();
    int observationSize = policy.observationSpace().size();
    int actionSize = policy.actionSpace().size();
    int maskSize = environments.masksActions() ? policy.actionSpace().maskSize() : 0;
    this.firstObservations = new RunningStatistics(featureSize);
    this.experience =
        new Experience(
            new ExperienceShape(
                observationSize,
                Encoding.of(policy.observationSpace()),
                actionSize,
                maskSize,
                actor.columns()),
            steps,
            count);
    this.step = new VectorStep(count, policy.observationSpace(), maskSize);
    this.observations = new float[count * observationSize];
    this.features = new float[count * featureSize];
    this.environmentActions = new float[count * actionSize];
    this.masks = new boolean[count * maskSize];
    this.episodeReturns = new double[count];
    this.episodeLengths = new int[count];
    try {
      environments.reset(Reset.seeded(environmentSeed), observations);
      requireNumbers(observations);
      startEpisodes();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  @Override
  public int environments() {
    return count;
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

  private void startEpisodes() {
    for (int i = 0; i < count; i++) {
      actor.startEpisode(i, random);
    }
  }

  @Override
  public Experience collect(PolicySnapshot snapshot, long environmentSteps) {
    begin(snapshot);
    while (!isFull()) {
      if (stopped.getAsBoolean()) {
        throw new CollectionStoppedException();
      }
      readMasks();
      environments.step(act(environmentSteps), step);
      record();
    }
    readMasks();
    return finish();
  }

  // The parts of a collection, also for one whose environments ask rather than being asked.

  /** Acts by this policy from now on, in the collection that was begun or in another one. */
  void begin(PolicySnapshot snapshot) {
    actor.set(snapshot);
    encoder.set(snapshot.normalizer());
    normalized = snapshot.normalizer() != null;
    experience.parameterVersion = snapshot.parameters().version();
    if (nextStep == 0) {
      experience.clear();
      experience.observationStatistics =
          observationClip > 0 ? new RunningStatistics(firstObservations.size()) : null;
    }
  }

  /** Whether the collection has all its steps. */
  boolean isFull() {
    return nextStep == experience.steps;
  }

  private void readMasks() {
    if (masks.length > 0) {
      environments.actionMasks(masks);
    }
  }

  /**
   * Answers the present observations and masks.
   *
   * @return actions as the environments take them; good until the next call
   */
  float[] act(long environmentSteps) {
    int t = nextStep;
    observe(t, experience.observationStatistics);
    actor.act(features, experience, t, environmentSteps + (long) t * allEnvironments, random);
    toEnvironment(t);
    return environmentActions;
  }

  /** Takes what came of the last actions, as {@code step} says. */
  void record() {
    requireNumbers(step.observations);
    requireRewards();
    record(nextStep);
    System.arraycopy(step.observations, 0, observations, 0, observations.length);
    nextStep++;
  }

  /** The experience, after all its steps and with the observations after the last. */
  Experience finish() {
    observe(experience.steps, null);
    actor.finish(features, experience);
    nextStep = 0;
    return experience;
  }

  /** For who fills it in place of the environments, before {@link #record()}. */
  VectorStep step() {
    return step;
  }

  /**
   * Takes what the only environment shows now.
   *
   * @param mask not read where actions are not masked
   */
  void show(float[] observation, boolean[] mask) {
    System.arraycopy(observation, 0, observations, 0, observations.length);
    System.arraycopy(mask, 0, masks, 0, masks.length);
  }

  /** The episode that goes on in the only environment has so much behind it, elsewhere. */
  void continueEpisode(double episodeReturn, int length) {
    episodeReturns[0] = episodeReturn;
    episodeLengths[0] = length;
  }

  /** Counts an episode among the finished ones whose last step is not in the experience. */
  void countEpisode(double episodeReturn, int length) {
    experience.episodes.add(episodeReturn, length);
  }

  /**
   * Cuts the episode of the only environment off at what is shown now, if there are steps of it in
   * this collection. It is not among the finished ones: it goes on elsewhere, or nobody knows how.
   */
  void breakOff() {
    int row = nextStep - 1;
    if (row >= 0 && !experience.terminated[row] && !experience.truncated[row]) {
      experience.truncated[row] = true;
      experience.addFinalObservation(row, observations, 0, masks, 0);
      encoder.flatten(observations, count, features);
      normalize();
      actor.cutOff(features, experience, row);
    }
    continueEpisode(0, 0);
    actor.startEpisode(0, random);
  }

  /** Keeps the present observations and masks, and makes features of them. */
  private void observe(int t, @Nullable RunningStatistics statistics) {
    int size = observations.length / count;
    for (int i = 0; i < count; i++) {
      try {
        experience.observations.set(t * count + i, observations, i * size);
      } catch (IllegalArgumentException e) { // is none of the bytes that its space promises
        throw environments.blame(i, false, e);
      }
    }
    System.arraycopy(masks, 0, experience.masks, t * masks.length, masks.length);
    encoder.flatten(observations, count, features);
    if (statistics != null) {
      statistics.update(features);
      if (!normalized) {
        firstObservations.update(features);
      }
    }
    normalize();
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
    int size = policy.observationSpace().size();
    String element = "element " + index % size + " of the " + what;
    return environments.blame(
        index / size, lastEpisode, new NonFiniteException(element, number, ENVIRONMENT_REMEDY));
  }

  private void normalize() {
    if (observationClip > 0 && !normalized) {
      ObservationNormalizer.apply(firstObservations, features, observationClip);
    } else {
      encoder.normalize(features, count);
    }
  }

  private void toEnvironment(int t) {
    int all = environmentActions.length;
    System.arraycopy(experience.actions, t * all, environmentActions, 0, all);
    for (int i = 0; i < count; i++) {
      head.toEnvironment(environmentActions, i * (all / count));
    }
  }

  private void record(int t) {
    boolean anyCutOff = false;
    for (int i = 0; i < count; i++) {
      int row = t * count + i;
      experience.rewards[row] = step.rewards[i];
      experience.terminated[row] = step.terminated[i];
      experience.truncated[row] = step.truncated[i];
      episodeReturns[i] += step.rewards[i];
      episodeLengths[i]++;
      if (step.terminated[i] || step.truncated[i]) {
        anyCutOff |= isCutOff(i);
        endEpisode(i, row);
      }
    }
    if (anyCutOff) {
      encoder.flatten(step.finalObservations, count, features);
      normalize();
      actor.cutOff(features, experience, t);
    }
  }

  private void endEpisode(int i, int row) {
    int size = policy.observationSpace().size();
    if (isCutOff(i)) { // nothing follows where one has terminated, so it may be no number there
      int bad = NonFiniteException.firstBad(step.finalObservations, i * size, (i + 1) * size);
      if (bad < (i + 1) * size) {
        throw blame(bad, "final observation", true, step.finalObservations[bad]);
      }
    }
    int maskSize = masks.length / count;
    try {
      experience.addFinalObservation(
          row, step.finalObservations, i * size, step.finalMasks, i * maskSize);
    } catch (IllegalArgumentException e) {
      throw environments.blame(i, true, e);
    }
    experience.episodes.add(episodeReturns[i], episodeLengths[i]);
    if (!step.info(i).isEmpty()) {
      experience.episodes.addFacts(step.info(i));
    }
    episodeReturns[i] = 0;
    episodeLengths[i] = 0;
    actor.startEpisode(i, random);
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
    writeState(out, nextStep == 0 ? experience.steps : nextStep);
  }

  private void writeState(DataOutput out, int next) throws IOException {
    random.writeState(out);
    actor.writeState(out);
    if (!environments.savesState()) {
      out.writeByte(NEW_EPISODES);
      return;
    }
    byte within = keepsBytes() ? WITHIN_A_ROLLOUT_OF_BYTES : WITHIN_A_ROLLOUT_WITH_FINAL_MASKS;
    out.writeByte(next == 0 ? BETWEEN_ROLLOUTS : within);
    environments.writeState(out);
    for (float number : observations) {
      out.writeFloat(number);
    }
    for (int i = 0; i < count; i++) {
      out.writeDouble(episodeReturns[i]);
      out.writeInt(episodeLengths[i]);
    }
    if (next > 0) {
      out.writeInt(next);
      firstObservations.writeState(out);
      experience.writeState(out);
    }
  }

  private boolean keepsBytes() {
    return experience.shape.encoding() == Encoding.BYTE;
  }

  @Override
  public void writeNewEpisodes(DataOutput out) throws IOException {
    random.writeState(out);
    actor.writeState(out);
    out.writeByte(NEW_EPISODES);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    random.readState(in);
    actor.readState(in);
    nextStep = 0;
    int kind = in.readByte();
    if (kind == WITHIN_A_ROLLOUT_OF_FEATURES) {
      throw new IOException(
          "the checkpoint lies within a rollout of a version that kept features in place of"
              + " observations; resume it by that version, or resume the checkpoint before it");
    }
    if (kind == NEW_EPISODES) {
      environments.reset(Reset.seeded(random.nextLong() >>> 33), observations);
      requireNumbers(observations);
      startEpisodes();
      return;
    }
    if (kind != BETWEEN_ROLLOUTS && keepsBytes() != (kind == WITHIN_A_ROLLOUT_OF_BYTES)) {
      throw new IOException(
          "the checkpoint lies within a rollout whose observations were kept as %s, but the environment's are %s now; resume the checkpoint before it"
              .formatted(keepsBytes() ? "floats" : "bytes", policy.observationSpace()));
    }
    environments.readState(in);
    for (int i = 0; i < observations.length; i++) {
      observations[i] = in.readFloat();
    }
    for (int i = 0; i < count; i++) {
      episodeReturns[i] = in.readDouble();
      episodeLengths[i] = in.readInt();
    }
    if (kind != BETWEEN_ROLLOUTS) {
      nextStep = in.readInt();
      firstObservations.readState(in);
      experience.readState(in, kind != WITHIN_A_ROLLOUT);
    }
  }

  @Override
  public void close() {
    environments.close();
    actor.close();
  }
}
