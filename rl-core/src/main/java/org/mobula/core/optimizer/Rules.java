package org.mobula.core.optimizer;

import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;

/**
 * The arithmetic of each optimizer, in PyTorch's order of operations (torch.optim, {@code
 * foreach=False}): scalars in double, numbers in float. One loop a rule over plain arrays, which
 * the compiler turns into vector instructions.
 */
final class Rules {
  private Rules() {}

  static void gradientDescent(
      float[] parameters,
      float[] gradient,
      int start,
      int end,
      float scale,
      double learningRate,
      double weightDecay,
      long step) {
    float rate = (float) learningRate;
    float decay = (float) weightDecay;
    for (int i = start; i < end; i++) {
      float g = gradient[i] * scale + decay * parameters[i];
      parameters[i] -= rate * g;
    }
  }

  static Optimizer.Rule momentum(Sgd config, float[] buffer) {
    float momentum = (float) config.momentum();
    float undamped = (float) (1 - config.dampening());
    boolean nesterov = config.nesterov();
    return (parameters, gradient, start, end, scale, learningRate, weightDecay, step) -> {
      float rate = (float) learningRate;
      float decay = (float) weightDecay;
      // The first gradient enters whole.
      float part = step == 1 ? 1 : undamped;
      for (int i = start; i < end; i++) {
        float g = gradient[i] * scale + decay * parameters[i];
        float b = momentum * buffer[i] + part * g;
        buffer[i] = b;
        parameters[i] -= rate * (nesterov ? g + momentum * b : b);
      }
    };
  }

  /**
   * RMSProp.
   *
   * @param center empty unless centered
   * @param buffer empty without momentum
   */
  static Optimizer.Rule rmsProp(RmsProp config, float[] square, float[] center, float[] buffer) {
    float alpha = (float) config.alpha();
    float rest = (float) (1 - config.alpha());
    float epsilon = (float) config.epsilon();
    float momentum = (float) config.momentum();
    boolean centered = config.centered();
    return (parameters, gradient, start, end, scale, learningRate, weightDecay, step) -> {
      float rate = (float) learningRate;
      float decay = (float) weightDecay;
      for (int i = start; i < end; i++) {
        float g = gradient[i] * scale + decay * parameters[i];
        square[i] = alpha * square[i] + rest * g * g;
        float variance = square[i];
        if (centered) {
          center[i] += rest * (g - center[i]);
          // PyTorch takes the root of a rounding error below zero here and gets NaN.
          variance = Math.max(0, variance - center[i] * center[i]);
        }
        float change = g / ((float) Math.sqrt(variance) + epsilon);
        if (momentum > 0) {
          buffer[i] = momentum * buffer[i] + change;
          change = buffer[i];
        }
        parameters[i] -= rate * change;
      }
    };
  }

  /** What Adam and AdamW have in common. */
  record AdamSettings(double beta1, double beta2, double epsilon, boolean decoupledDecay) {}

  /**
   * Adam and AdamW.
   *
   * @param largest empty without AMSGrad
   */
  static Optimizer.Rule adam(AdamSettings settings, float[] mean, float[] square, float[] largest) {
    float rest1 = (float) (1 - settings.beta1);
    float beta2 = (float) settings.beta2;
    float rest2 = (float) (1 - settings.beta2);
    float epsilon = (float) settings.epsilon;
    boolean amsgrad = largest.length > 0;
    return (parameters, gradient, start, end, scale, learningRate, weightDecay, step) -> {
      float rate = (float) (learningRate / (1 - Math.pow(settings.beta1, (double) step)));
      float root = (float) Math.sqrt(1 - Math.pow(settings.beta2, (double) step));
      float kept = settings.decoupledDecay ? (float) (1 - learningRate * weightDecay) : 1;
      float decay = settings.decoupledDecay ? 0 : (float) weightDecay;
      for (int i = start; i < end; i++) {
        float p = kept * parameters[i];
        float g = gradient[i] * scale + decay * p;
        float m = mean[i] + rest1 * (g - mean[i]);
        float s = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = s;
        if (amsgrad) {
          s = Math.max(largest[i], s);
          largest[i] = s;
        }
        parameters[i] = p - rate * m / ((float) Math.sqrt(s) / root + epsilon);
      }
    };
  }
}
