package org.mobula.rollout;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.EpisodeLog;
import org.mobula.core.experience.Rollout;
import org.mobula.core.experience.RunningStatistics;

/** A rollout as bytes in a checkpoint: the dimensions, then the columns as they are declared. */
final class SavedRollout {
  private SavedRollout() {}

  static void write(Rollout rollout, DataOutput out) throws IOException {
    out.writeInt(rollout.steps);
    out.writeInt(rollout.environments);
    out.writeInt(rollout.featureCount());
    out.writeInt(rollout.actionSize());
    out.writeInt(rollout.maskSize());
    for (float[] column : numbers(rollout)) {
      for (float number : column) {
        out.writeFloat(number);
      }
    }
    for (boolean[] column : flags(rollout)) {
      for (boolean flag : column) {
        out.writeBoolean(flag);
      }
    }
    EpisodeLog episodes = rollout.episodes;
    out.writeInt(episodes.count());
    for (int i = 0; i < episodes.count(); i++) {
      out.writeDouble(episodes.episodeReturn(i));
      out.writeInt(episodes.length(i));
    }
    RunningStatistics statistics = rollout.observationStatistics;
    out.writeBoolean(statistics != null);
    if (statistics != null) {
      statistics.writeState(out);
    }
    out.writeLong(rollout.parameterVersion);
  }

  static Rollout read(DataInput in) throws IOException {
    Rollout rollout =
        new Rollout(in.readInt(), in.readInt(), in.readInt(), in.readInt(), in.readInt());
    for (float[] column : numbers(rollout)) {
      for (int i = 0; i < column.length; i++) {
        column[i] = in.readFloat();
      }
    }
    for (boolean[] column : flags(rollout)) {
      for (int i = 0; i < column.length; i++) {
        column[i] = in.readBoolean();
      }
    }
    int episodes = in.readInt();
    for (int i = 0; i < episodes; i++) {
      rollout.episodes.add(in.readDouble(), in.readInt());
    }
    if (in.readBoolean()) {
      RunningStatistics statistics = new RunningStatistics(rollout.featureCount());
      statistics.readState(in);
      rollout.observationStatistics = statistics;
    }
    rollout.parameterVersion = in.readLong();
    return rollout;
  }

  private static float[][] numbers(Rollout rollout) {
    return new float[][] {
      rollout.features,
      rollout.actions,
      rollout.rewards,
      rollout.logProbabilities,
      rollout.values,
      rollout.finalValues,
      rollout.lastValues
    };
  }

  private static boolean[][] flags(Rollout rollout) {
    return new boolean[][] {rollout.masks, rollout.terminated, rollout.truncated};
  }
}
