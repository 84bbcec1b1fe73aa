package org.mobula.tune.sampler;

import java.util.Arrays;
import java.util.List;
import org.mobula.tune.sampler.GaussianProcess.Belief;

/**
 * What a point promises: the logarithm of the improvement that is to be expected on the best known
 * value, plus that of the probability that the constraints hold. Negated, to be minimized.
 */
final class Acquisition implements Minimizer.Function {
  private final GaussianProcess objective;
  private final List<GaussianProcess> constraints;
  private final double best;

  /** What each constraint must stay below. */
  private final double[] bounds;

  private final Belief belief;

  /**
   * @param best positive infinity where nothing is feasible yet: then only constraints count
   */
  Acquisition(
      GaussianProcess objective,
      double best,
      List<GaussianProcess> constraints,
      double[] bounds,
      int dimensions) {
    this.objective = objective;
    this.best = best;
    this.constraints = constraints;
    this.bounds = bounds;
    belief = new Belief(dimensions);
  }

  /** The negated promise of a point. */
  double at(double[] point) {
    double promise = 0;
    if (best < Double.POSITIVE_INFINITY) {
      objective.predict(point, belief);
      promise =
          Math.log(belief.deviation)
              + ExpectedImprovement.log((best - belief.mean) / belief.deviation);
    }
    for (int c = 0; c < bounds.length; c++) {
      constraints.get(c).predict(point, belief);
      promise += ExpectedImprovement.logCumulative((bounds[c] - belief.mean) / belief.deviation);
    }
    return -promise;
  }

  @Override
  public double at(double[] point, double[] gradient) {
    double promise = 0;
    Arrays.fill(gradient, 0);
    if (best < Double.POSITIVE_INFINITY) {
      objective.predictWithGradient(point, belief);
      double z = (best - belief.mean) / belief.deviation;
      promise = Math.log(belief.deviation) + ExpectedImprovement.log(z);
      double slope = ExpectedImprovement.slope(z) / belief.deviation;
      subtract(gradient, -slope, 1 / belief.deviation - z * slope);
    }
    for (int c = 0; c < bounds.length; c++) {
      constraints.get(c).predictWithGradient(point, belief);
      double z = (bounds[c] - belief.mean) / belief.deviation;
      promise += ExpectedImprovement.logCumulative(z);
      double slope = ExpectedImprovement.logCumulativeSlope(z) / belief.deviation;
      subtract(gradient, -slope, -z * slope);
    }
    return -promise;
  }

  private void subtract(double[] gradient, double ofMean, double ofDeviation) {
    for (int k = 0; k < gradient.length; k++) {
      gradient[k] -= ofMean * belief.meanGradient[k] + ofDeviation * belief.deviationGradient[k];
    }
  }
}
