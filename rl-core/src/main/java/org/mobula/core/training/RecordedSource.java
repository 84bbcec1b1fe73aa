package org.mobula.core.training;

import java.io.DataInput;
import java.io.DataOutput;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.mobula.core.collection.CollectionStoppedException;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;

/**
 * Stands where experience is collected in a run that learns from recordings: each collection is one
 * recorded observation, on which the network's outputs can be tried, and the first one brings the
 * statistics of all of them. What is learnt from, the learner has from its setup.
 */
final class RecordedSource implements ExperienceSource {
  private final RecordedEpisodes recordings;
  private final int size;
  private final boolean measures;
  private final Experience experience;

  /** Steps of the episodes before each episode. */
  private final long[] before;

  private BooleanSupplier stopped = () -> false;

  /**
   * A source that is at the beginning.
   *
   * @param measures whether statistics of the observations are wanted
   */
  RecordedSource(RecordedEpisodes recordings, PolicySpec policy, boolean measures) {
    this.recordings = recordings.requireLearnable();
    this.measures = measures;
    size = policy.observationSpace().size();
    experience =
        new Experience(
            new ExperienceShape(
                size,
                Encoding.of(policy.observationSpace()),
                policy.actionSpace().size(),
                0,
                List.of()),
            1,
            1);
    before = new long[recordings.episodes().size()];
    for (int i = 1; i < before.length; i++) {
      before[i] = before[i - 1] + recordings.episodes().get(i - 1).steps();
    }
  }

  @Override
  public int environments() {
    return 1;
  }

  @Override
  public Experience collect(PolicySnapshot policy, long environmentSteps) {
    if (stopped.getAsBoolean()) {
      throw new CollectionStoppedException();
    }
    long step = environmentSteps % recordings.steps();
    int found = Arrays.binarySearch(before, step);
    int index = found < 0 ? -found - 2 : found;
    RecordedEpisode episode = recordings.episodes().get(index);
    experience.clear();
    experience.observations.set(0, episode.observations(), (int) (step - before[index]) * size);
    experience.parameterVersion = policy.parameters().version();
    if (measures && environmentSteps == 0) {
      experience.observationStatistics = statistics();
    }
    return experience;
  }

  /** Of the observations that actions answered, flattened. */
  private RunningStatistics statistics() {
    int features = recordings.observationSpace().flatSize();
    RunningStatistics statistics = new RunningStatistics(features);
    for (RecordedEpisode episode : recordings.episodes()) {
      float[] flattened = new float[episode.steps() * features];
      for (int step = 0; step < episode.steps(); step++) {
        recordings
            .observationSpace()
            .flatten(episode.observations(), step * size, flattened, step * features);
      }
      statistics.update(flattened);
    }
    return statistics;
  }

  @Override
  public void stopWhen(BooleanSupplier asked) {
    stopped = asked;
  }

  /** Nothing: where it is, follows from the steps of the run. */
  @Override
  public void writeState(DataOutput out) {}

  @Override
  public void readState(DataInput in) {}

  @Override
  public void close() {}
}
