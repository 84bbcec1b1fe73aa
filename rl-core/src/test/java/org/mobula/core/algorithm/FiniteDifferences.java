package org.mobula.core.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleSupplier;
import org.mobula.core.random.Pcg64;

/** Central differences, against which gradients that were derived by hand are held. */
public final class FiniteDifferences {
  private static final float STEP = 1e-2f;

  private FiniteDifferences() {}

  /**
   * Holds a gradient to the differences of a function.
   *
   * @param point numbers that the function reads; the same afterwards
   * @param function of the point
   * @param tolerance of each number
   */
  public static void check(
      float[] point, float[] gradient, DoubleSupplier function, double tolerance) {
    for (int i = 0; i < point.length; i++) {
      float center = point[i];
      point[i] = center + STEP;
      double above = function.getAsDouble();
      float high = point[i];
      point[i] = center - STEP;
      double below = function.getAsDouble();
      float low = point[i];
      point[i] = center;
      assertThat((double) gradient[i])
          .as("number " + i)
          .isCloseTo((above - below) / ((double) high - low), within(tolerance));
    }
  }

  /** Gaussian numbers. */
  public static float[] numbers(int length, long seed) {
    Pcg64 random = new Pcg64(seed);
    float[] numbers = new float[length];
    for (int i = 0; i < length; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }
}
