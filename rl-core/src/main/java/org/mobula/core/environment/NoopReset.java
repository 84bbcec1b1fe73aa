package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;

/**
 * Begins each episode with a random number of steps of the action 0, so that it does not always
 * begin in the same state (Mnih et al. 2015). An episode that ends in them begins anew.
 *
 * <p>The number is drawn uniformly, from the random numbers that Gymnasium's {@code
 * AtariPreprocessing} draws it from in a game of {@code ale-py} with the same seed.
 */
public final class NoopReset extends EnvironmentWrapper {
  private final int max;
  private final FixedActions actions;
  private Pcg64 random = random(0);

  /**
   * Delays the episodes of an environment with {@code Discrete} actions, of which the first does
   * nothing.
   *
   * @param max steps at most, at least 1; 30 is usual
   */
  public NoopReset(Environment inner, int max) {
    super(inner);
    if (max < 1) {
      throw new IllegalArgumentException("NoopReset max is " + max + " but must be >= 1");
    }
    this.max = max;
    this.actions = new FixedActions(inner, "NoopReset", 1);
  }

  private static Pcg64 random(long seed) {
    return new Pcg64(SeedSequence.of(seed).generateState(1)[0] & 0xFFFF_FFFFL);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, observation);
    if (reset.seed() != null) {
      random = random(reset.seed());
    }
    long count = random.integers(1, max + 1L);
    for (long i = 0; i < count; i++) {
      if (actions.step(0, observation)) {
        inner().reset(reset, observation);
      }
    }
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    random.writeState(out);
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    random.readState(in);
  }
}
