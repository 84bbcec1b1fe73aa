package org.mobula.rollout;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;

/** Experience as bytes in a checkpoint: the dimensions, then its state. */
final class SavedExperience {
  private SavedExperience() {}

  static void write(Experience experience, DataOutput out) throws IOException {
    experience.shape.write(out);
    out.writeInt(experience.steps);
    out.writeInt(experience.environments);
    experience.writeState(out);
  }

  static Experience read(DataInput in, boolean withFinalMasks) throws IOException {
    ExperienceShape shape = ExperienceShape.read(in);
    Experience experience = new Experience(shape, in.readInt(), in.readInt());
    experience.readState(in, withFinalMasks);
    return experience;
  }
}
