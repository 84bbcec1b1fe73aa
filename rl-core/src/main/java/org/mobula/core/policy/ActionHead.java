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
 * space, masks before it, bounds after it. Allocates nothing and is safe from many threads.
 */
public final class ActionHead {
  private final ActionDistribution distribution;
  private final int[] maskedChoices;
  private final @Nullable Box bounds;

  private ActionHead(ActionDistribution distribution, @Nullable Box bounds, int... maskedChoices) {
    this.distribution = distribution;
    this.bounds = bounds;
    this.maskedChoices = maskedChoices;
  }

  /**
   * The head for actions in this space.
   *
   * @throws IllegalArgumentException for a dictionary or tuple, which no distribution covers
   */
  public static ActionHead of(Space actionSpace) {
    if (actionSpace instanceof Discrete discrete) {
      return new ActionHead(new Categorical(discrete.n()), null, discrete.n());
    } else if (actionSpace instanceof MultiDiscrete multi) {
      return new ActionHead(new MultiCategorical(multi.nvec()), null, multi.nvec());
    } else if (actionSpace instanceof MultiBinary binary) {
      return new ActionHead(new Bernoulli(binary.n()), null);
    } else if (actionSpace instanceof Box box) {
      return new ActionHead(new DiagonalGaussian(box.size()), box);
    }
    throw new IllegalArgumentException(
        "actions in "
            + actionSpace
            + " have no distribution; use a Box, Discrete, MultiDiscrete"
            + " or MultiBinary action space");
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

  /** Moves a sampled action to the nearest one within the action space. */
  public void clip(float[] actions, int offset) {
    if (bounds != null) {
      bounds.clip(actions, offset);
    }
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
      for (int i = gaussian.dimensions(); i < described.length; i++) {
        described[i] = (float) Math.exp(described[i]);
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
