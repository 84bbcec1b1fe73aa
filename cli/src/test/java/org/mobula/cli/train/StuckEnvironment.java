package org.mobula.cli.train;

import java.util.concurrent.CountDownLatch;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Never comes back from its first step. */
public final class StuckEnvironment implements Environment {
  @Override
  public Space observationSpace() {
    return Box.of(0, 1, 1);
  }

  @Override
  public Space actionSpace() {
    return new Discrete(2, 0);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    observation[0] = 0;
  }

  @Override
  public void step(float[] action, Step step) {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
