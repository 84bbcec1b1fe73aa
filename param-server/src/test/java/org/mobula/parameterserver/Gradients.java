package org.mobula.parameterserver;

import org.mobula.core.network.ParameterLayout;

/** Gradients that are known to all who test, without a random number. */
final class Gradients {
  private Gradients() {}

  /** What this worker pushes at this step. */
  static float[] of(int worker, int step) {
    return of(Shards.LAYOUT, worker, step);
  }

  static float[] of(ParameterLayout layout, int worker, int step) {
    float[] values = new float[layout.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(0.7 * i + 1.3 * worker + 0.11 * step);
    }
    return values;
  }

  /** The mean over workers 0 to n − 1, added in their order. */
  static float[] mean(int workers, int step) {
    float[] mean = of(0, step);
    for (int worker = 1; worker < workers; worker++) {
      float[] gradient = of(worker, step);
      for (int i = 0; i < mean.length; i++) {
        mean[i] += gradient[i];
      }
    }
    float factor = (float) (1.0 / workers);
    for (int i = 0; i < mean.length; i++) {
      mean[i] *= factor;
    }
    return mean;
  }
}
