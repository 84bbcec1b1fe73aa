package org.mobula.core.training;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.experience.EpisodeLog;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.TrainingConfig;

/** The parts of a run that change as it goes on: all that a checkpoint holds. */
final class TrainingState {
  static final String PROGRESS = "progress";
  static final String EVALUATION = "evaluation";
  static final String RESET_OPTIONS = "reset-options";

  private static final String ITERATION = "iteration";
  private static final String OBSERVATION_STATISTICS = "observation-statistics";
  private static final String REWARD_SCALING = "reward-scaling";

  final TrainingConfig config;
  final PolicySpec policy;
  final TrainingProgress progress;
  final ResetOptions resetOptions;
  final ParameterStore store;
  final ExperienceSource source;
  final Learner learner;
  final RunningStatistics observationStatistics;
  final @Nullable RewardScaling rewardScaling;

  /** Episodes that were over in the present iteration. */
  final EpisodeLog finished = new EpisodeLog();

  /** Rounds of collecting and learning that are done of the present iteration. */
  int round;

  /** Environment steps at the last evaluation. */
  long evaluatedSteps;

  /** Whether the newest checkpoint is the best, which it is told to be once it is proven. */
  boolean foundBest;

  private final float[] parameters;
  private @Nullable ObservationNormalizer normalizer;

  TrainingState(
      TrainingConfig config,
      PolicySpec policy,
      TrainingProgress progress,
      ResetOptions resetOptions,
      ParameterStore store,
      ExperienceSource source,
      Learner learner,
      @Nullable RewardScaling rewardScaling) {
    this.config = config;
    this.policy = policy;
    this.progress = progress;
    this.resetOptions = resetOptions;
    this.store = store;
    this.source = source;
    this.learner = learner;
    this.rewardScaling = rewardScaling;
    this.observationStatistics = new RunningStatistics(policy.observationSpace().flatSize());
    this.parameters = new float[policy.network().layout().size()];
  }

  /** Schedules, the end and the scaling of observations are the run's, not this learner's. */
  void joinIn(Gathered gathered) {
    progress.startAt(gathered.environmentSteps());
    RunningStatistics seen = gathered.observations();
    if (seen != null) {
      observationStatistics.restore(seen.count(), seen.mean(), seen.variance());
    }
  }

  /** Begins where another program's run had come to. */
  void start(StartingPoint point) {
    store.restore(point.store());
    progress.startAt(point.environmentSteps());
    evaluatedSteps = point.environmentSteps(); // the next one is due after as many steps as usual
    RunningStatistics seen = point.observations();
    if (seen != null) {
      observationStatistics.restore(seen.count(), seen.mean(), seen.variance());
    }
    RunningStatistics returns = point.returns();
    if (rewardScaling != null && returns != null) {
      rewardScaling.start(returns);
    }
  }

  /** The store's present policy, good until this is called again. */
  PolicySnapshot snapshot() {
    long version = store.pull(parameters);
    return new PolicySnapshot(new ParameterSnapshot(version, parameters), normalizer());
  }

  /** The store's present policy, to keep. */
  PolicySnapshot copy() {
    return new PolicySnapshot(store.snapshot(), normalizer());
  }

  /** The policy of a store's saved state: the first network of all. */
  PolicySnapshot snapshot(StoreState saved) {
    ParameterSnapshot all = saved.parameters();
    ParameterSnapshot first =
        all.values().length == parameters.length
            ? all
            : new ParameterSnapshot(all.version(), Arrays.copyOf(all.values(), parameters.length));
    return new PolicySnapshot(first, normalizer());
  }

  /** None until something was measured: a collector then helps itself. */
  @Nullable ObservationNormalizer normalizer() {
    if (!config.normalization().observations() || observationStatistics.count() == 0) {
      return null;
    }
    ObservationNormalizer known = normalizer;
    if (known == null || known.count() != observationStatistics.count()) {
      known = ObservationNormalizer.of(observationStatistics, config.normalization().clip());
      normalizer = known;
    }
    return known;
  }

  /** The parts of a checkpoint, but for those that may be large. */
  Map<String, byte[]> smallParts() throws IOException {
    Map<String, byte[]> parts = new TreeMap<>(store.saveParts());
    parts.putAll(evaluated());
    if (round > 0) { // the run ends within an iteration
      parts.put(
          ITERATION,
          Checkpoint.bytes(
              out -> {
                out.writeInt(round);
                finished.writeState(out);
              }));
    }
    parts.put(OBSERVATION_STATISTICS, Checkpoint.bytes(observationStatistics::writeState));
    if (rewardScaling != null) {
      parts.put(REWARD_SCALING, Checkpoint.bytes(rewardScaling::writeState));
    }
    parts.put(RESET_OPTIONS, Checkpoint.bytes(resetOptions::writeState));
    return parts;
  }

  /** The parts that an evaluation changes. */
  Map<String, byte[]> evaluated() throws IOException {
    return Map.of(
        PROGRESS,
        Checkpoint.bytes(progress::writeState),
        EVALUATION,
        Checkpoint.bytes(
            out -> {
              out.writeLong(evaluatedSteps);
              out.writeBoolean(foundBest);
            }));
  }

  /** Replay memory and experience; each is written by and by. */
  Map<String, Checkpoint.Writer> largeParts(Checkpoint.Writer sourceState) {
    return Map.of(Checkpoint.SOURCE, sourceState, Checkpoint.LEARNER, learner::writeState);
  }

  /** All parts but for the reset options, which are needed before environments are made. */
  void restore(Checkpoint checkpoint) throws IOException {
    store.restore(checkpoint.store());
    store.restoreParts(checkpoint.parts());
    checkpoint.restore(PROGRESS, progress::readState);
    checkpoint.restore(Checkpoint.SOURCE, source::readState);
    checkpoint.restore(Checkpoint.LEARNER, learner::readState);
    checkpoint.restore(OBSERVATION_STATISTICS, observationStatistics::readState);
    if (rewardScaling != null) {
      checkpoint.restore(REWARD_SCALING, rewardScaling::readState);
    }
    if (checkpoint.parts().containsKey(ITERATION)) {
      checkpoint.restore(
          ITERATION,
          in -> {
            round = in.readInt();
            finished.readState(in);
          });
    }
    evaluatedSteps = progress.environmentSteps();
    if (checkpoint.parts().containsKey(EVALUATION)) { // older ones were saved after it
      checkpoint.restore(
          EVALUATION,
          in -> {
            evaluatedSteps = in.readLong();
            foundBest = in.readBoolean();
          });
    }
  }
}
