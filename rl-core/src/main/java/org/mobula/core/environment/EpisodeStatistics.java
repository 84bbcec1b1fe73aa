package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Adds to the info of an episode's last step what the episode came to: {@link #RETURN}, the plain
 * sum of its rewards, a {@code Double}, and {@link #LENGTH}, its steps, an {@code Integer}.
 * Training records both as {@code environment/episode-return} and {@code
 * environment/episode-length}: put it inside of what changes rewards, to see the return without the
 * change, and outside of the time limit.
 */
public final class EpisodeStatistics extends EnvironmentWrapper {
  /** The name of the sum of rewards. */
  public static final String RETURN = "episode-return";

  /** The name of the count of steps. */
  public static final String LENGTH = "episode-length";

  private double episodeReturn;
  private int episodeLength;

  /** Keeps the statistics of an environment. */
  public EpisodeStatistics(Environment inner) {
    super(inner);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    episodeReturn = 0;
    episodeLength = 0;
    inner().reset(reset, observation);
  }

  @Override
  public void step(float[] action, Step step) {
    inner().step(action, step);
    episodeReturn += step.reward;
    episodeLength++;
    if (step.done()) {
      step.putInfo(RETURN, episodeReturn);
      step.putInfo(LENGTH, episodeLength);
    }
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    out.writeDouble(episodeReturn);
    out.writeInt(episodeLength);
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    episodeReturn = in.readDouble();
    episodeLength = in.readInt();
  }
}
