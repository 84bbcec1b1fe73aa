package org.mobula.core.policy;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.distribution.ActionMask;
import org.mobula.core.distribution.Bernoulli;
import org.mobula.core.distribution.Categorical;
import org.mobula.core.distribution.DiagonalGaussian;
import org.mobula.core.distribution.MultiCategorical;
import org.mobula.core.distribution.ProductDistribution;
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
  private final Part[] parts;
  private final boolean scaled;

  /**
   * What belongs to one of the spaces that the action space is made of.
   *
   * @param space which has no parts
   * @param at where its numbers begin in what describes the actions
   * @param actionAt where its action begins
   * @param maskAt where its flags begin in a mask
   * @param choices how many alternatives each choice has that a mask may forbid
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Part(
      Space space,
      @Nullable ActionDistribution distribution,
      int at,
      int actionAt,
      int maskAt,
      int[] choices) {}

  private ActionHead(
      PolicyHead form,
      int parameters,
      @Nullable ActionDistribution distribution,
      Space actionSpace,
      boolean scaled) {
    this.form = form;
    this.parameters = parameters;
    this.distribution = distribution;
    this.scaled = scaled;
    List<Space> spaces = actionSpace.leaves();
    parts = new Part[spaces.size()];
    int actionAt = 0;
    int maskAt = 0;
    for (int i = 0; i < parts.length; i++) {
      Space space = spaces.get(i);
      parts[i] =
          distribution instanceof ProductDistribution product
              ? new Part(space, product.part(i), product.at(i), actionAt, maskAt, choices(space))
              : new Part(space, distribution, 0, actionAt, maskAt, choices(space));
      actionAt += space.size();
      maskAt += space.maskSize();
    }
  }

  /** How many alternatives each choice has that a mask may forbid. */
  private static int[] choices(Space space) {
    if (space instanceof Discrete discrete) {
      return new int[] {discrete.n()};
    }
    return space instanceof MultiDiscrete multi ? multi.nvec() : new int[0];
  }

  /** The head that samples actions in this space. */
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
      ActionDistribution distribution = distribution(actionSpace);
      return new ActionHead(form, distribution.parameters(), distribution, actionSpace, scaled);
    } else if (form instanceof PolicyHead.Greedy) {
      if (actionSpace instanceof Discrete discrete) {
        return new ActionHead(form, discrete.n(), null, discrete, false);
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

  private static ActionDistribution distribution(Space actionSpace) {
    if (actionSpace instanceof Discrete discrete) {
      return new Categorical(discrete.n());
    } else if (actionSpace instanceof MultiDiscrete multi) {
      return new MultiCategorical(multi.nvec());
    } else if (actionSpace instanceof MultiBinary binary) {
      return new Bernoulli(binary.n());
    } else if (actionSpace instanceof Box box) {
      return new DiagonalGaussian(box.size());
    }
    return new ProductDistribution(
        actionSpace.leaves().stream().map(ActionHead::distribution).toList());
  }

  /**
   * Whether actions in this space can be scaled: in a box with finite bounds, or where each box
   * that a dictionary or tuple is made of has them.
   */
  public static boolean canScale(Space actionSpace) {
    List<Box> boxes = boxes(actionSpace);
    return !boxes.isEmpty() && boxes.stream().allMatch(Box::bounded);
  }

  private static List<Box> boxes(Space actionSpace) {
    return actionSpace.leaves().stream()
        .flatMap(leaf -> leaf instanceof Box box ? Stream.of(box) : Stream.empty())
        .toList();
  }

  /**
   * How many numbers of a sampled action are drawn from Gaussians: as many log standard deviations
   * come last among the numbers that describe the actions.
   */
  public static int gaussians(Space actionSpace) {
    return boxes(actionSpace).stream().mapToInt(Box::size).sum();
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
    for (Part part : parts) {
      if (part.choices.length > 0) {
        ActionMask.applyEach(
            outputs, offset + part.at, mask, maskOffset + part.maskAt, part.choices);
      }
    }
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

  /**
   * The log-probability of an action that somebody took, or its log-density in a box.
   *
   * @param action in the environment's units
   * @return as of {@link #evaluate}; negative infinity where the head never takes it
   * @throws IllegalArgumentException if the head takes one action only in a box
   */
  double logProbability(float[] outputs, int offset, float[] action) {
    if (form instanceof PolicyHead.Greedy) {
      return action[0] == greatest(outputs, offset) ? 0 : Double.NEGATIVE_INFINITY;
    } else if (distribution == null) {
      throw new IllegalArgumentException(
          "a "
              + form
              + " head takes one action only, so others have no density: judge the policy by"
              + " FittedQEvaluation, or one that samples");
    }
    float[] own = action.clone();
    fromEnvironment(own, 0);
    return toEnvironmentLogProbability(distribution.logProbability(outputs, offset, own, 0));
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
    for (Part part : parts) {
      if (part.space instanceof Box bounds) {
        int at = offset + part.actionAt;
        if (scaled) {
          for (int i = 0; i < bounds.size(); i++) {
            actions[at + i] = (float) (middle(bounds, i) + reach(bounds, i) * actions[at + i]);
          }
        }
        bounds.clip(actions, at);
      }
    }
  }

  /**
   * From an action of the environment to one of the distribution, in place: the opposite of {@link
   * #toEnvironment}. A number whose bounds are equal becomes 0.
   */
  public void fromEnvironment(float[] actions, int offset) {
    if (!scaled) {
      return;
    }
    for (Part part : parts) {
      if (part.space instanceof Box bounds) {
        int at = offset + part.actionAt;
        for (int i = 0; i < bounds.size(); i++) {
          double reach = reach(bounds, i);
          actions[at + i] =
              reach == 0 ? 0 : (float) ((actions[at + i] - middle(bounds, i)) / reach);
        }
      }
    }
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
    if (!scaled) {
      return logProbability;
    }
    double log = logProbability;
    for (Part part : parts) {
      if (part.space instanceof Box bounds) {
        for (int i = 0; i < bounds.size(); i++) {
          double reach = reach(bounds, i);
          if (reach > 0) {
            log -= Math.log(reach);
          }
        }
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
    if (distribution instanceof SquashedGaussian squashed) {
      float[] described = Arrays.copyOfRange(outputs, offset, offset + parameters);
      for (int i = squashed.actionSize(); i < parameters; i++) {
        described[i] = (float) Math.exp(described[i]);
      }
      return described;
    }
    float[] described = new float[parameters];
    int to = 0;
    for (Part part : parts) {
      to = describe(part, outputs, offset + part.at, described, to);
    }
    return described;
  }

  /** Returns where the next part's numbers belong. */
  private int describe(Part part, float[] outputs, int offset, float[] described, int to) {
    if (part.distribution instanceof DiagonalGaussian gaussian && part.space instanceof Box box) {
      int size = gaussian.dimensions();
      for (int i = 0; i < size; i++) {
        double deviation = Math.exp(outputs[offset + gaussian.deviationsAt() + i]);
        described[to + i] = outputs[offset + i];
        if (scaled) {
          described[to + i] = (float) (middle(box, i) + reach(box, i) * outputs[offset + i]);
          deviation *= reach(box, i);
        }
        described[to + size + i] = (float) deviation;
      }
      return to + 2 * size;
    } else if (part.distribution instanceof Bernoulli bernoulli) {
      int size = bernoulli.parameters();
      for (int i = 0; i < size; i++) {
        described[to + i] = (float) (1 / (1 + Math.exp(-outputs[offset + i])));
      }
      return to + size;
    }
    int from = to;
    for (int size : part.choices) {
      System.arraycopy(outputs, offset + from - to, described, from, size);
      softmax(described, from, from + size);
      from += size;
    }
    return from;
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
