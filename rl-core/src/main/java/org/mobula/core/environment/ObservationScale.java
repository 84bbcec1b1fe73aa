package org.mobula.core.environment;

import java.util.Locale;
import java.util.Optional;

/** Whether observations are of a size that a network can learn from as they are. */
public final class ObservationScale {
  /** A hidden unit saturates far below; pictures in 0 to 255 still learn. */
  private static final float LARGEST = 1e4f;

  private ObservationScale() {}

  /**
   * What to do about observations that nothing scales.
   *
   * @param element where the largest number stands
   * @param size of that number
   * @return a sentence; empty where the size is fit to learn from
   */
  public static Optional<String> advice(int element, float size) {
    return size <= LARGEST
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "observations reach %.1e, in element %d: too large for a network to learn from as"
                    + " they are; scale them in the environment, or train with normalization:"
                    + " {observations: true}",
                size,
                element));
  }
}
