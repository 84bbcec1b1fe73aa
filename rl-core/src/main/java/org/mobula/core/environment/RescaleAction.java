package org.mobula.core.environment;

import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/** Takes actions between {@code low} and {@code high} and stretches them to the inner bounds. */
public final class RescaleAction extends EnvironmentWrapper {
  private final float low;
  private final float high;
  private final Box innerSpace;
  private final Box actionSpace;
  private final float[] innerAction;

  /** Rescales the actions of an environment that takes a bounded {@link Box}. */
  public RescaleAction(Environment inner, float low, float high) {
    super(inner);
    if (!(inner.actionSpace() instanceof Box box && box.bounded())) {
      throw new IllegalArgumentException(
          "RescaleAction needs actions in a Box with finite bounds but they are "
              + inner.actionSpace());
    }
    if (!(low < high) || Float.isInfinite(low) || Float.isInfinite(high)) {
      throw new IllegalArgumentException(
          "RescaleAction to [" + low + ", " + high + "] but low must be < high, both finite");
    }
    this.low = low;
    this.high = high;
    this.innerSpace = box;
    this.actionSpace = Box.of(low, high, box.shape());
    this.innerAction = new float[box.size()];
  }

  @Override
  public Space actionSpace() {
    return actionSpace;
  }

  @Override
  public void step(float[] action, Step step) {
    for (int i = 0; i < innerAction.length; i++) {
      double bottom = innerSpace.low(i);
      double top = innerSpace.high(i);
      double fraction = ((double) action[i] - low) / ((double) high - low);
      double value = bottom + fraction * (top - bottom);
      innerAction[i] = (float) Math.max(bottom, Math.min(top, value));
    }
    inner().step(innerAction, step);
  }
}
