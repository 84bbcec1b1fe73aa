package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Parameters that follow those of a network that learns, slowly or from time to time, so that its
 * targets stand still for a while.
 */
public final class TargetNetwork {
  private final float[] parameters;
  private final double rate;

  /**
   * Parameters that are all zero until {@link #copy}.
   *
   * @param rate τ in (0, 1]: how far an update goes; 1 is a copy
   */
  public TargetNetwork(int size, double rate) {
    if (!(rate > 0 && rate <= 1)) {
      throw new IllegalArgumentException("rate is " + rate + " but must be in (0, 1]");
    }
    this.parameters = new float[size];
    this.rate = rate;
  }

  /** The parameters; not to be changed. */
  public float[] parameters() {
    return parameters;
  }

  /** Takes over the network's parameters as they are. */
  public void copy(float[] online) {
    System.arraycopy(online, 0, parameters, 0, parameters.length);
  }

  /** θ' ← (1 − τ)·θ' + τ·θ (Polyak averaging; Lillicrap et al. 2016, algorithm 1). */
  public void update(float[] online) {
    update(online, 1);
  }

  /**
   * As so many updates by the same parameters, one after the other: 1 − τ to their power is kept.
   */
  public void update(float[] online, long times) {
    if (rate == 1) {
      copy(online);
      return;
    }
    double left = times == 1 ? 1 - rate : Math.pow(1 - rate, (double) times);
    float share = (float) (1 - left);
    float kept = (float) left;
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = kept * parameters[i] + share * online[i];
    }
  }

  /** Writes the parameters. */
  public void writeState(DataOutput out) throws IOException {
    for (float parameter : parameters) {
      out.writeFloat(parameter);
    }
  }

  /** Reads what {@link #writeState} wrote. */
  public void readState(DataInput in) throws IOException {
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = in.readFloat();
    }
  }
}
