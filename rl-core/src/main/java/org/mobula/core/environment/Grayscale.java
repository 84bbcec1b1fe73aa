package org.mobula.core.environment;

import org.mobula.core.space.Space;

/**
 * Turns images in red, green and blue into grey ones, {@code [height, width]}: 0.2989 of the red,
 * 0.587 of the green and 0.114 of the blue, rounded where pixels are bytes, as the Arcade Learning
 * Environment does.
 */
public final class Grayscale extends EnvironmentWrapper {
  private static final double RED = 0.2989;
  private static final double GREEN = 0.5870;
  private static final double BLUE = 0.1140;

  private final Image image;
  private final Space observationSpace;
  private final Step innerStep;

  /** Observes the images of an environment in grey. */
  public Grayscale(Environment inner) {
    super(inner);
    image = Image.of(inner.observationSpace(), "Grayscale");
    if (image.channels() != 3) {
      throw new IllegalArgumentException(
          "Grayscale needs images of three channels but observations are "
              + inner.observationSpace());
    }
    observationSpace = image.withShape(image.height(), image.width());
    innerStep = new Step(inner.observationSpace());
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, innerStep.observation);
    grey(observation);
  }

  @Override
  public void step(float[] action, Step step) {
    innerStep.clear();
    inner().step(action, innerStep);
    step.take(innerStep);
    grey(step.observation);
  }

  private void grey(float[] result) {
    float[] colours = innerStep.observation;
    int green = image.channelStride();
    boolean whole = image.whole();
    int from = 0;
    for (int i = 0; i < image.height() * image.width(); i++) {
      double grey =
          RED * colours[from] + GREEN * colours[from + green] + BLUE * colours[from + 2 * green];
      result[i] = whole ? (int) (grey + 0.5) : (float) grey;
      from += image.pixelStride();
    }
  }
}
