package org.mobula.core.environment;

import org.mobula.core.space.Space;

/**
 * Makes images smaller: each new pixel is the mean of the area that it covers, rounded where pixels
 * are bytes. The same bytes as OpenCV's {@code resize} with {@code INTER_AREA}, which Gymnasium's
 * and Stable-Baselines3's wrappers use.
 */
public final class Resize extends EnvironmentWrapper {
  private final AreaMean mean;
  private final Space observationSpace;
  private final Step innerStep;

  /**
   * Resizes the images of an environment.
   *
   * @param height in pixels, at most the images' own
   * @param width in pixels, at most the images' own
   */
  public Resize(Environment inner, int height, int width) {
    super(inner);
    Image image = Image.of(inner.observationSpace(), "Resize");
    if (height < 1 || width < 1 || height > image.height() || width > image.width()) {
      throw new IllegalArgumentException(
          "Resize to %s × %s pixels, but each side must be from 1 to the images' own, %s × %s"
              .formatted(height, width, image.height(), image.width()));
    }
    mean = new AreaMean(image, height, width);
    int axes = image.space().shape().length;
    observationSpace =
        axes == 2
            ? image.withShape(height, width)
            : image.channelsLast()
                ? image.withShape(height, width, image.channels())
                : image.withShape(image.channels(), height, width);
    innerStep = new Step(inner.observationSpace());
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, innerStep.observation);
    mean.compute(innerStep.observation, observation);
  }

  @Override
  public void step(float[] action, Step step) {
    innerStep.clear();
    inner().step(action, innerStep);
    step.take(innerStep);
    mean.compute(innerStep.observation, step.observation);
  }
}
