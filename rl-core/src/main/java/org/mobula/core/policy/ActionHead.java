package org.mobula.core.policy;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.distribution.ActionMask;
import org.mobula.core.distribution.Bernoulli;
import org.mobula.core.distribution.Categorical;
import org.mobula.core.distribution.DiagonalGaussian;
import org.mobula.core.distribution.MultiCategorical;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/**
 * The way from a network's output row to an action: the distribution that goes with the action
 * space, masks before it, scale and bounds after it. Allocates nothing and is safe from many
 * threads.
 */
public final class ActionHead {
  private final ActionDistribution distribution;
  private final int[] maskedChoices;
  private final @Nullable Box bounds;
  private final boolean scaled;

  private ActionHead(ActionDistribution distribution, int... maskedChoices) {
    this(distribution, null, false, maskedChoices);
  }

  private ActionHead(
      ActionDistribution distribution, @Nullable Box bounds, boolean scaled, int... maskedChoices) {
    this.distribution = distribution;
    this.bounds = bounds;
    this.scaled = scaled;
    this.maskedChoices = maskedChoices;
  }

  /**
   * The head for actions in this space.
   *
   * @throws IllegalArgumentException for a dictionary or tuple, which no distribution covers
   */
  public static ActionHead of(Space actionSpace) {
    return of(actionSpace, false);
  }

  /**
   * As {@link #of(Space)}.
   *
   * @param scaled whether −1 and 1 of the distribution mean the bounds of the space
   * @throws IllegalArgumentException as there, and where a scale is asked for without finite bounds
   */
  public static ActionHead of(Space actionSpace, boolean scaled) {
    if (scaled && !canScale(actionSpace)) {
      throw new IllegalArgumentException(
          "actions in " + actionSpace + " are scaled but only a Box with finite bounds can be");
    }
    if (actionSpace instanceof Discrete discrete) {
      return new ActionHead(new Categorical(discrete.n()), discrete.n());
    } else if (actionSpace instanceof MultiDiscrete multi) {
      return new ActionHead(new MultiCategorical(multi.nvec()), multi.nvec());
    } else if (actionSpace instanceof MultiBinary binary) {
      return new ActionHead(new Bernoulli(binary.n()));
    } else if (actionSpace instanceof Box box) {
      return new ActionHead(new DiagonalGaussian(box.size()), box, scaled);
    }
    throw new IllegalArgumentException(
        "actions in "
            + actionSpace
            + " have no distribution; use a Box, Discrete, MultiDiscrete"
            + " or MultiBinary action space");
  }

  /** Whether actions in this space can be scaled: in a box with finite bounds. */
  public static boolean canScale(Space actionSpace) {
    return actionSpace instanceof Box box && box.bounded();
  }

  /** The distribution, described by the first numbers of an output row. */
  public ActionDistribution distribution() {
    return distribution;
  }

  /**
   * Makes forbidden choices impossible.
   *
   * @param outputs whose row at {@code offset} is changed
   * @param mask {@code actionSpace.maskSize()} flags at {@code maskOffset}
   */
  public void mask(float[] outputs, int offset, boolean[] mask, int maskOffset) {
    ActionMask.applyEach(outputs, offset, mask, maskOffset, maskedChoices);
  }

  /**
   * From an action of the distribution to one of the environment, in place: in its own units where
   * actions are scaled, and moved to the nearest one within the action space.
   */
  public void toEnvironment(float[] actions, int offset) {
    if (bounds == null) {
      return;
    }
    if (scaled) {
      for (int i = 0; i < bounds.size(); i++) {
        actions[offset + i] = (float) (middle(bounds, i) + reach(bounds, i) * actions[offset + i]);
      }
    }
    bounds.clip(actions, offset);
  }

  private static double middle(Box bounds, int i) {
    return 0.5 * bounds.low(i) + 0.5 * bounds.high(i);
  }

  private static double reach(Box bounds, int i) {
    return 0.5 * bounds.high(i) - 0.5 * bounds.low(i);
  }

  /**
   * The density of an action in the environment's units, where the distribution's is known: the
   * logarithm is less by that of the volume which a unit of the distribution's takes up there.
   * Numbers whose bounds are equal take no part.
   */
  float toEnvironmentLogProbability(float logProbability) {
    if (bounds == null || !scaled) {
      return logProbability;
    }
    double log = logProbability;
    for (int i = 0; i < bounds.size(); i++) {
      double reach = reach(bounds, i);
      if (reach > 0) {
        log -= Math.log(reach);
      }
    }
    return (float) log;
  }

  /**
   * The distribution in words that need no knowledge of the network, in the environment's units:
   * the probabilities of the choices or of the ones; in a box the means and then the standard
   * deviations.
   *
   * @param outputs whose row at {@code offset} has been masked where it is
   * @return {@code distribution().parameters()} numbers
   */
  float[] describe(float[] outputs, int offset) {
    float[] described = Arrays.copyOfRange(outputs, offset, offset + distribution.parameters());
    if (distribution instanceof DiagonalGaussian gaussian) {
      int size = gaussian.dimensions();
      for (int i = 0; i < size; i++) {
        double deviation = Math.exp(described[size + i]);
        if (bounds != null && scaled) {
          described[i] = (float) (middle(bounds, i) + reach(bounds, i) * described[i]);
          deviation *= reach(bounds, i);
        }
        described[size + i] = (float) deviation;
      }
    } else if (distribution instanceof Bernoulli) {
      for (int i = 0; i < described.length; i++) {
        described[i] = (float) (1 / (1 + Math.exp(-described[i])));
      }
    } else {
      int from = 0;
      for (int size : maskedChoices) {
        softmax(described, from, from + size);
        from += size;
      }
    }
    return described;
  }

  private static void softmax(float[] logits, int from, int to) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.exp(logits[i] - max);
    }
    for (int i = from; i < to; i++) {
      logits[i] = (float) (Math.exp(logits[i] - max) / sum);
    }
  }
}
