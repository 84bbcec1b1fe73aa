package org.mobula.core.policy;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.distribution.ActionMask;
import org.mobula.core.distribution.Bernoulli;
import org.mobula.core.distribution.Categorical;
import org.mobula.core.distribution.DiagonalGaussian;
import org.mobula.core.distribution.MultiCategorical;
import org.mobula.core.distribution.SquashedGaussian;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/**
 * The way from a network's output row to an action: what the row means by the policy's {@link
 * PolicyHead}, masks before it, scale and bounds after it. Allocates nothing and is safe from many
 * threads.
 */
public final class ActionHead {
  private final PolicyHead form;
  private final int parameters;
  private final @Nullable ActionDistribution distribution;
  private final int[] maskedChoices;
  private final @Nullable Box bounds;
  private final boolean scaled;

  private ActionHead(
      PolicyHead form,
      int parameters,
      @Nullable ActionDistribution distribution,
      @Nullable Box bounds,
      boolean scaled,
      int... maskedChoices) {
    this.form = form;
    this.parameters = parameters;
    this.distribution = distribution;
    this.bounds = bounds;
    this.scaled = scaled;
    this.maskedChoices = maskedChoices;
  }

  /**
   * The head that samples actions in this space.
   *
   * @throws IllegalArgumentException for a dictionary or tuple, which no distribution covers
   */
  public static ActionHead of(Space actionSpace) {
    return of(new PolicyHead.Sampled(), actionSpace, false);
  }

  /**
   * The head of this form for actions in this space.
   *
   * @param scaled whether −1 and 1 of the head's actions mean the bounds of the space
   * @throws IllegalArgumentException if the form does not cover the space, and where a scale is
   *     asked for without finite bounds, or is missing where the form has one
   */
  public static ActionHead of(PolicyHead form, Space actionSpace, boolean scaled) {
    if (scaled && !canScale(actionSpace)) {
      throw new IllegalArgumentException(
          "actions in " + actionSpace + " are scaled but only a Box with finite bounds can be");
    }
    if (form instanceof PolicyHead.Sampled) {
      return sampled(form, actionSpace, scaled);
    } else if (form instanceof PolicyHead.Greedy) {
      if (actionSpace instanceof Discrete discrete) {
        return new ActionHead(form, discrete.n(), null, null, false, discrete.n());
      }
      throw new IllegalArgumentException(
          "actions in " + actionSpace + " have no greatest value; use a Discrete action space");
    }
    if (!scaled || !(actionSpace instanceof Box box)) {
      throw new IllegalArgumentException(
          "actions in "
              + actionSpace
              + (canScale(actionSpace) ? " are not scaled" : " have no finite bounds")
              + " but those of a "
              + form
              + " head lie between −1 and 1, which are the bounds; use a Box with finite bounds and"
              + " scaled actions");
    }
    ActionDistribution squashed =
        form instanceof PolicyHead.Squashed ? new SquashedGaussian(box.size()) : null;
    int parameters = squashed == null ? box.size() : squashed.parameters();
    return new ActionHead(form, parameters, squashed, box, true);
  }

  private static ActionHead sampled(PolicyHead form, Space actionSpace, boolean scaled) {
    if (actionSpace instanceof Discrete discrete) {
      return sampled(form, new Categorical(discrete.n()), null, false, discrete.n());
    } else if (actionSpace instanceof MultiDiscrete multi) {
      return sampled(form, new MultiCategorical(multi.nvec()), null, false, multi.nvec());
    } else if (actionSpace instanceof MultiBinary binary) {
      return sampled(form, new Bernoulli(binary.n()), null, false);
    } else if (actionSpace instanceof Box box) {
      return sampled(form, new DiagonalGaussian(box.size()), box, scaled);
    }
    throw new IllegalArgumentException(
        "actions in "
            + actionSpace
            + " have no distribution; use a Box, Discrete, MultiDiscrete"
            + " or MultiBinary action space");
  }

  private static ActionHead sampled(
      PolicyHead form,
      ActionDistribution distribution,
      @Nullable Box bounds,
      boolean scaled,
      int... maskedChoices) {
    return new ActionHead(
        form, distribution.parameters(), distribution, bounds, scaled, maskedChoices);
  }

  /** Whether actions in this space can be scaled: in a box with finite bounds. */
  public static boolean canScale(Space actionSpace) {
    return actionSpace instanceof Box box && box.bounded();
  }

  /**
   * The distribution, described by the first numbers of an output row.
   *
   * @throws IllegalStateException if the head takes one action only
   */
  public ActionDistribution distribution() {
    if (distribution == null) {
      throw new IllegalStateException(
          "a " + form + " head has no distribution: it takes one action only");
    }
    return distribution;
  }

  /**
   * How many numbers at the start of an output row describe the actions, once it is {@linkplain
   * #prepare prepared}.
   */
  public int parameters() {
    return parameters;
  }

  /** Numbers of the network's output row that describe the actions. */
  int outputs() {
    return form instanceof PolicyHead.Greedy greedy
        ? Math.multiplyExact(parameters, greedy.values().width())
        : parameters;
  }

  /** Numbers after them that describe the value of the state, where the network gives it. */
  int valueOutputs() {
    return form instanceof PolicyHead.Greedy greedy ? greedy.values().width() : 1;
  }

  /**
   * Makes an output row of the network what the other methods read, in place: expected values out
   * of advantages and distributions of returns, log standard deviations in their range. To be
   * called once for each row.
   *
   * @param outputs whose row of {@code width} numbers at {@code offset} may be changed
   */
  public void prepare(float[] outputs, int offset, int width) {
    if (form instanceof PolicyHead.Greedy greedy) {
      int numbers = greedy.values().width();
      if (width > parameters * numbers) {
        addStateValue(outputs, offset, numbers);
      }
      for (int action = 0; action < parameters; action++) { // what is overwritten was read before
        outputs[offset + action] = greedy.values().expected(outputs, offset + action * numbers);
      }
    } else if (form instanceof PolicyHead.Squashed) {
      for (int i = offset + parameters / 2; i < offset + parameters; i++) {
        outputs[i] =
            Math.max(
                PolicyHead.Squashed.LEAST_LOG_DEVIATION,
                Math.min(PolicyHead.Squashed.GREATEST_LOG_DEVIATION, outputs[i]));
      }
    }
  }

  /** Q(s, a) = V(s) + A(s, a) − mean over b of A(s, b), for each number that describes a value. */
  private void addStateValue(float[] outputs, int offset, int numbers) {
    int state = offset + parameters * numbers;
    for (int i = 0; i < numbers; i++) {
      double sum = 0;
      for (int at = offset + i; at < state; at += numbers) {
        sum += outputs[at];
      }
      float shift = (float) (outputs[state + i] - sum / parameters);
      for (int at = offset + i; at < state; at += numbers) {
        outputs[at] += shift;
      }
    }
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
   * Chooses an action, in the environment's units.
   *
   * @param outputs whose row at {@code offset} comes from a {@link PolicyRunner} and has been
   *     masked where it is
   * @param random to sample by; null takes the most likely action
   * @param action receives the action at {@code actionOffset}
   */
  public void choose(
      float[] outputs,
      int offset,
      @Nullable RandomGenerator random,
      float[] action,
      int actionOffset) {
    draw(outputs, offset, random, action, actionOffset);
    toEnvironment(action, actionOffset);
  }

  /** As {@link #choose}, in the head's units, in which experience keeps actions. */
  public void draw(
      float[] outputs,
      int offset,
      @Nullable RandomGenerator random,
      float[] action,
      int actionOffset) {
    if (distribution == null) {
      takeTheOne(outputs, offset, action, actionOffset);
    } else if (random == null) {
      distribution.mode(outputs, offset, action, actionOffset);
    } else {
      distribution.sample(outputs, offset, random, action, actionOffset);
    }
  }

  /**
   * As {@link #choose}.
   *
   * @return the log-probability of the action, or its log-density in a box, there in the
   *     environment's units and before the action is moved to the nearest one within the box; 0
   *     where the head takes one action only
   */
  public float evaluate(
      float[] outputs,
      int offset,
      @Nullable RandomGenerator random,
      float[] action,
      int actionOffset) {
    float logProbability = 0;
    if (distribution == null) {
      takeTheOne(outputs, offset, action, actionOffset);
    } else if (distribution instanceof SquashedGaussian squashed) {
      // From the noise, since an action that rounds to a bound does not say where it came from.
      for (int i = actionOffset; i < actionOffset + squashed.actionSize(); i++) {
        action[i] = random == null ? 0 : (float) random.nextGaussian();
      }
      logProbability =
          toEnvironmentLogProbability(
              squashed.fromNoise(outputs, offset, action, actionOffset, action, actionOffset));
    } else {
      if (random == null) {
        distribution.mode(outputs, offset, action, actionOffset);
      } else {
        distribution.sample(outputs, offset, random, action, actionOffset);
      }
      logProbability =
          toEnvironmentLogProbability(
              distribution.logProbability(outputs, offset, action, actionOffset));
    }
    toEnvironment(action, actionOffset);
    return logProbability;
  }

  private void takeTheOne(float[] outputs, int offset, float[] action, int actionOffset) {
    if (form instanceof PolicyHead.Greedy) {
      action[actionOffset] = greatest(outputs, offset);
    } else {
      for (int i = 0; i < parameters; i++) {
        action[actionOffset + i] = (float) Math.tanh(outputs[offset + i]);
      }
    }
  }

  /** The first among equals. */
  private int greatest(float[] outputs, int offset) {
    int greatest = 0;
    for (int i = 1; i < parameters; i++) {
      if (outputs[offset + i] > outputs[offset + greatest]) {
        greatest = i;
      }
    }
    return greatest;
  }

  /**
   * The value that an output row gives, as {@link PolicySpec#hasValue} says: of the best action
   * allowed where the row holds values, else the number after those that describe the actions.
   */
  public float value(float[] outputs, int offset) {
    int column = form instanceof PolicyHead.Greedy ? greatest(outputs, offset) : parameters;
    return outputs[offset + column];
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
  private float toEnvironmentLogProbability(float logProbability) {
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
   * The distribution in words that need no knowledge of the network, as {@link ActionEvaluation}
   * has it.
   *
   * @param outputs whose row at {@code offset} has been masked where it is
   */
  float[] describe(float[] outputs, int offset) {
    if (form instanceof PolicyHead.Greedy) {
      float[] one = new float[parameters];
      one[greatest(outputs, offset)] = 1;
      return one;
    } else if (form instanceof PolicyHead.Deterministic) {
      float[] one = new float[2 * parameters]; // whose deviations are 0
      takeTheOne(outputs, offset, one, 0);
      toEnvironment(one, 0);
      return one;
    }
    float[] described = Arrays.copyOfRange(outputs, offset, offset + parameters);
    if (distribution instanceof SquashedGaussian squashed) {
      for (int i = squashed.actionSize(); i < parameters; i++) {
        described[i] = (float) Math.exp(described[i]);
      }
    } else if (distribution instanceof DiagonalGaussian gaussian) {
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
