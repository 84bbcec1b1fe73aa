package org.mobula.core.optimizer;

import java.io.Serializable;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;

/**
 * Which optimizer, with PyTorch's names, defaults and arithmetic. The learning rate is not among
 * the settings: it comes with each step, from a {@link Schedule}.
 */
public sealed interface OptimizerConfig extends Serializable {
  /** Settings of the parameter groups that differ from the rest, by the group's name. */
  Map<String, Group> groups();

  /** Shrinks parameters toward zero, where no group says otherwise. */
  double weightDecay();

  /** A fresh optimizer of the whole vector. */
  default Optimizer create(ParameterLayout layout) {
    return create(layout, 0, layout.size());
  }

  /**
   * A fresh optimizer of the slice {@code [from, to)} of the flat vector, for a shard.
   *
   * @throws IllegalArgumentException if a group is not in the layout
   */
  default Optimizer create(ParameterLayout layout, int from, int to) {
    return new Optimizer(this, layout, from, to);
  }

  /**
   * One parameter group's own settings.
   *
   * @param learningRateFactor multiplies the learning rate
   * @param weightDecay in place of the optimizer's
   */
  record Group(double learningRateFactor, double weightDecay) implements Serializable {
    /** Checks the ranges. */
    public Group {
      check("learning-rate-factor", learningRateFactor, 0, Double.MAX_VALUE);
      check("weight-decay", weightDecay, 0, Double.MAX_VALUE);
    }
  }

  /**
   * Stochastic gradient descent.
   *
   * @param momentum of the running sum of gradients; 0 for none
   * @param dampening takes this part off each gradient but the first that enters the momentum
   * @param nesterov looks ahead along the momentum (Sutskever et al. 2013)
   * @param weightDecay times the parameter is added to the gradient
   */
  record Sgd(
      double momentum,
      double dampening,
      boolean nesterov,
      double weightDecay,
      Map<String, Group> groups)
      implements OptimizerConfig {
    /** Checks the ranges. */
    public Sgd {
      groups = Map.copyOf(groups);
      check("momentum", momentum, 0, Double.MAX_VALUE);
      check("dampening", dampening, 0, 1);
      check("weight-decay", weightDecay, 0, Double.MAX_VALUE);
      if (nesterov && (momentum == 0 || dampening != 0)) {
        throw new IllegalArgumentException(
            "nesterov needs a momentum > 0 and no dampening, but momentum is %s and dampening %s"
                .formatted(momentum, dampening));
      }
    }

    /** Plain gradient descent. */
    public static Sgd defaults() {
      return new Sgd(0, 0, false, 0, Map.of());
    }
  }

  /**
   * RMSProp (Tieleman and Hinton 2012): divides by a running root mean square.
   *
   * @param alpha decay of the running mean of squares
   * @param epsilon added to the root, outside of it
   * @param momentum of the divided gradients; 0 for none
   * @param centered divides by the standard deviation instead (Graves 2013)
   * @param weightDecay times the parameter is added to the gradient
   */
  record RmsProp(
      double alpha,
      double epsilon,
      double momentum,
      boolean centered,
      double weightDecay,
      Map<String, Group> groups)
      implements OptimizerConfig {
    /** Checks the ranges. */
    public RmsProp {
      groups = Map.copyOf(groups);
      check("alpha", alpha, 0, 1);
      check("epsilon", epsilon, 0, Double.MAX_VALUE);
      check("momentum", momentum, 0, Double.MAX_VALUE);
      check("weight-decay", weightDecay, 0, Double.MAX_VALUE);
    }

    /** PyTorch's defaults. */
    public static RmsProp defaults() {
      return new RmsProp(0.99, 1e-8, 0, false, 0, Map.of());
    }
  }

  /**
   * Adam (Kingma and Ba 2015), where weight decay is an L2 penalty.
   *
   * @param beta1 decay of the running mean of gradients
   * @param beta2 decay of the running mean of their squares
   * @param epsilon added to the root after its bias correction
   * @param weightDecay times the parameter is added to the gradient
   * @param amsgrad divides by the largest mean of squares so far (Reddi et al. 2018)
   */
  record Adam(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      boolean amsgrad,
      Map<String, Group> groups)
      implements OptimizerConfig {
    /** Checks the ranges. */
    public Adam {
      groups = Map.copyOf(groups);
      checkBetas(beta1, beta2);
      check("epsilon", epsilon, 0, Double.MAX_VALUE);
      check("weight-decay", weightDecay, 0, Double.MAX_VALUE);
    }

    /** PyTorch's defaults. */
    public static Adam defaults() {
      return new Adam(0.9, 0.999, 1e-8, 0, false, Map.of());
    }
  }

  /**
   * Adam where weight decay shrinks the parameters directly (Loshchilov and Hutter 2019).
   *
   * @param beta1 decay of the running mean of gradients
   * @param beta2 decay of the running mean of their squares
   * @param epsilon added to the root after its bias correction
   * @param weightDecay times the learning rate is the part taken off each parameter
   * @param amsgrad divides by the largest mean of squares so far (Reddi et al. 2018)
   */
  record AdamW(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      boolean amsgrad,
      Map<String, Group> groups)
      implements OptimizerConfig {
    /** Checks the ranges. */
    public AdamW {
      groups = Map.copyOf(groups);
      checkBetas(beta1, beta2);
      check("epsilon", epsilon, 0, Double.MAX_VALUE);
      check("weight-decay", weightDecay, 0, Double.MAX_VALUE);
    }

    /** PyTorch's defaults. */
    public static AdamW defaults() {
      return new AdamW(0.9, 0.999, 1e-8, 0.01, false, Map.of());
    }
  }

  private static void checkBetas(double beta1, double beta2) {
    checkBeta("beta1", beta1);
    checkBeta("beta2", beta2);
  }

  private static void checkBeta(String name, double value) {
    // At one the bias correction would divide by zero.
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " is " + value + " but must be ≥ 0 and < 1");
    }
  }

  private static void check(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      String rule =
          most == Double.MAX_VALUE
              ? "≥ " + (long) least
              : "between " + (long) least + " and " + (long) most;
      throw new IllegalArgumentException(name + " is " + value + " but must be " + rule);
    }
  }
}
