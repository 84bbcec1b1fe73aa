package org.mobula.core.environment;

import org.mobula.core.space.Space;

/**
 * Turns images {@code [height, width, channels]} into {@code [channels, height, width]}, which
 * convolutions take.
 */
public final class ChannelsFirst extends EnvironmentWrapper {
  private final Image image;
  private final Space observationSpace;
  private final Step innerStep;

  /** Observes the channels of an environment's images one after the other. */
  public ChannelsFirst(Environment inner) {
    super(inner);
    image = Image.of(inner.observationSpace(), "ChannelsFirst");
    if (!image.channelsLast()) {
      throw new IllegalArgumentException(
          "ChannelsFirst needs images [height, width, channels] but observations are "
              + inner.observationSpace());
    }
    observationSpace = image.withShape(image.channels(), image.height(), image.width());
    innerStep = new Step(inner.observationSpace());
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, innerStep.observation);
    turn(observation);
  }

  @Override
  public void step(float[] action, Step step) {
    innerStep.clear();
    inner().step(action, innerStep);
    step.take(innerStep);
    turn(step.observation);
  }

  private void turn(float[] result) {
    int pixels = image.height() * image.width();
    for (int channel = 0; channel < image.channels(); channel++) {
      for (int i = 0; i < pixels; i++) {
        result[channel * pixels + i] = innerStep.observation[i * image.channels() + channel];
      }
    }
  }
}
