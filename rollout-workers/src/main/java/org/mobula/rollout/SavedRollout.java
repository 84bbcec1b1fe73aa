package org.mobula.rollout;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.Rollout;

/** A rollout as bytes in a checkpoint: the dimensions, then its state. */
final class SavedRollout {
  private SavedRollout() {}

  static void write(Rollout rollout, DataOutput out) throws IOException {
    out.writeInt(rollout.steps);
    out.writeInt(rollout.environments);
    out.writeInt(rollout.featureCount());
    out.writeInt(rollout.actionSize());
    out.writeInt(rollout.maskSize());
    rollout.writeState(out);
  }

  static Rollout read(DataInput in) throws IOException {
    Rollout rollout =
        new Rollout(in.readInt(), in.readInt(), in.readInt(), in.readInt(), in.readInt());
    rollout.readState(in);
    return rollout;
  }
}
