package org.mobula.core.optimizer;

/** Keeps gradients short (Pascanu et al. 2013). */
public final class GradientClipping {
  private GradientClipping() {}

  /**
   * Scales the gradient in place so that its norm is at most the maximum.
   *
   * @return the norm before; NaN or infinite if the gradient holds such a number, and then nothing
   *     is scaled
   */
  public static double byGlobalNorm(float[] gradient, double maxNorm) {
    double norm = BlockNorm.norm(gradient, gradient.length);
    scale(gradient, coefficient(norm, maxNorm));
    return norm;
  }

  /**
   * What the gradient is to be multiplied by: {@code maxNorm / (norm + 1e-6)} and at most one, as
   * in PyTorch.
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
