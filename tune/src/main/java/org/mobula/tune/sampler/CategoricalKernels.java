package org.mobula.tune.sampler;

import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.CategoricalParameter;

/** Kernels that prefer the observed choice, the more so the more observations there are. */
final class CategoricalKernels implements ParzenEstimator.Kernels {
  private final double[] observed;
  private final int choices;
  private final double otherProbability;
  private final double logObserved;
  private final double logOther;

  CategoricalKernels(CategoricalParameter parameter, double[] observed) {
    this.observed = observed;
    choices = parameter.choices().size();
    double prior = 1.0 / (observed.length + 1);
    otherProbability = prior / (1 + choices * prior);
    logObserved = Math.log((1 + prior) / (1 + choices * prior));
    logOther = Math.log(otherProbability);
  }

  @Override
  public double draw(int kernel, Pcg64 random) {
    if (kernel == observed.length || random.nextDouble() < choices * otherProbability) {
      return random.nextInt(choices);
    }
    return observed[kernel];
  }

  @Override
  public double near(double number, int kernel, double scale, Pcg64 random) {
    return number; // no other choice is nearer than the rest
  }

  @Override
  public void normalize(double[] sums) {
    sums[observed.length] -= Math.log(choices);
  }

  @Override
  public void addLogDensities(double number, double[] sums) {
    for (int i = 0; i < observed.length; i++) {
      sums[i] += observed[i] == number ? logObserved : logOther;
    }
  }
}
