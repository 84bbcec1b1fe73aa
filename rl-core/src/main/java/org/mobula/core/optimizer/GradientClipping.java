package org.mobula.core.optimizer;

/**
 * Scales a gradient down to a global norm (Pascanu et al. 2013). The norm comes from {@link
 * BlockNorm}, of one vector or of the shards that hold it.
 */
public final class GradientClipping {
  private GradientClipping() {}

  /**
   * What the gradient is to be multiplied by: {@code maxNorm / (norm + 1e-6)} and at most one, as
   * in PyTorch; one where the norm is NaN or infinite.
   */
  public static double coefficient(double norm, double maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException("maximum norm is " + maxNorm + " but must be > 0");
    }
    double coefficient = maxNorm / (norm + 1e-6);
    return norm < Double.POSITIVE_INFINITY ? Math.min(1, coefficient) : 1;
  }

  /** Multiplies by a coefficient. */
  public static void scale(float[] gradient, double coefficient) {
    if (coefficient == 1) {
      return;
    }
    float factor = (float) coefficient;
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] *= factor;
    }
  }
}
