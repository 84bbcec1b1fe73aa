package org.mobula.rollout;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySnapshot;

/** A policy as bytes in a checkpoint: the one that a rollout under way is collected by. */
final class SavedPolicy {
  private SavedPolicy() {}

  static void write(PolicySnapshot policy, DataOutput out) throws IOException {
    out.writeLong(policy.parameters().version());
    float[] values = policy.parameters().values();
    out.writeInt(values.length);
    for (float value : values) {
      out.writeFloat(value);
    }
    ObservationNormalizer normalizer = policy.normalizer();
    out.writeBoolean(normalizer != null);
    if (normalizer != null) {
      out.writeDouble(normalizer.count());
      out.writeDouble(normalizer.clip());
      out.writeInt(normalizer.mean().size());
      for (int i = 0; i < normalizer.mean().size(); i++) {
        out.writeDouble(normalizer.mean().get(i));
        out.writeDouble(normalizer.variance().get(i));
      }
    }
  }

  static PolicySnapshot read(DataInput in) throws IOException {
    long version = in.readLong();
    float[] values = new float[in.readInt()];
    for (int i = 0; i < values.length; i++) {
      values[i] = in.readFloat();
    }
    ParameterSnapshot parameters = new ParameterSnapshot(version, values);
    if (!in.readBoolean()) {
      return new PolicySnapshot(parameters, null);
    }
    double count = in.readDouble();
    double clip = in.readDouble();
    int features = in.readInt();
    List<Double> mean = new ArrayList<>(features);
    List<Double> variance = new ArrayList<>(features);
    for (int i = 0; i < features; i++) {
      mean.add(in.readDouble());
      variance.add(in.readDouble());
    }
    return new PolicySnapshot(parameters, new ObservationNormalizer(count, mean, variance, clip));
  }
}
