package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongToDoubleFunction;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape.Column;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * The acting half of algorithms that learn the values of actions: takes the action of the greatest
 * value, but with probability ε any of those allowed. Those that learn at once from what they
 * collect have it note the greatest values too, in the columns of {@link SamplingActor}.
 */
public final class EpsilonGreedyActor implements Actor {
  private static final boolean[] NO_MASKS = {};

  private final LongToDoubleFunction exploration;
  private final boolean notesValues;
  private final List<Column> columns = new ArrayList<>();
  private final Network network;
  private final ActionHead head;
  private final int environments;
  private final int featureSize;
  private final int actions;
  private final int maskSize;
  private final float[] outputs;

  /**
   * An actor without parameters yet.
   *
   * @param exploration ε after so many environment steps; where it is 1, the network is not asked
   * @param notesValues whether it fills {@link SamplingActor#VALUE}, {@link
   *     SamplingActor#FINAL_VALUE} and, where observations are normalised, {@link
   *     SamplingActor#FEATURES}
   */
  public EpsilonGreedyActor(
      ActorSetup setup, LongToDoubleFunction exploration, boolean notesValues) {
    PolicySpec policy = setup.policy();
    this.exploration = exploration;
    this.notesValues = notesValues;
    this.environments = setup.environments();
    this.featureSize = policy.observationSpace().flatSize();
    this.actions = policy.actionSpace().maskSize();
    this.maskSize = policy.masksActions() ? actions : 0;
    if (notesValues) {
      columns.add(new Column(SamplingActor.VALUE, 1, true));
      columns.add(new Column(SamplingActor.FINAL_VALUE, 1, false));
      if (setup.observationClip() > 0) {
        columns.add(new Column(SamplingActor.FEATURES, featureSize, false));
      }
    }
    this.network = setup.engine().create(policy.network());
    this.head = policy.actionHead();
    this.outputs = new float[environments * network.outputs()];
  }

  /**
   * ε that falls in a straight line from the first step on.
   *
   * @param first at the start
   * @param last after {@code steps} environment steps, and from then on
   * @param at environment steps so far
   */
  public static double linear(double first, double last, long steps, long at) {
    return first + Math.min(1, (double) at / steps) * (last - first);
  }

  @Override
  public List<Column> columns() {
    return List.copyOf(columns);
  }

  @Override
  public void set(PolicySnapshot policy) {
    network.setParameters(policy.parameters().values());
  }

  @Override
  public void act(
      float[] features, Experience experience, int step, long environmentSteps, Pcg64 random) {
    double share = exploration.applyAsDouble(environmentSteps);
    if (share < 1 || notesValues) {
      forward(features);
    }
    int first = step * environments;
    if (columns.size() > 2) {
      float[] seen = experience.column(SamplingActor.FEATURES);
      System.arraycopy(features, 0, seen, first * featureSize, environments * featureSize);
    }
    for (int i = 0; i < environments; i++) {
      int row = first + i;
      boolean explores = share >= 1 || random.nextDouble() < share;
      experience.actions[row] =
          explores ? any(experience.masks, row, random) : best(i, experience.masks, row);
    }
    if (notesValues) {
      noteValues(experience, step);
      Arrays.fill(experience.column(SamplingActor.FINAL_VALUE), first, first + environments, 0);
    }
  }

  /** An episode that was cut off would have gone on: its rest is worth its best action's value. */
  @Override
  public void cutOff(float[] features, Experience experience, int step) {
    if (!notesValues) {
      return;
    }
    network.forward(features, environments, outputs); // what other rows hold need be no number
    prepare();
    float[] values = experience.column(SamplingActor.FINAL_VALUE);
    for (int i = 0; i < environments; i++) {
      int row = step * environments + i;
      if (experience.truncated[row] && !experience.terminated[row]) {
        values[row] = greatest(i, NO_MASKS, 0); // what is allowed after the end is not known
      }
    }
  }

  @Override
  public void finish(float[] features, Experience experience) {
    if (notesValues) {
      forward(features);
      noteValues(experience, experience.steps);
    }
  }

  private void forward(float[] features) {
    network.forward(features, environments, outputs);
    NonFiniteException.checkDivergence(outputs, 0, outputs.length, "network output");
    prepare();
  }

  private void prepare() {
    int width = network.outputs();
    for (int i = 0; i < environments; i++) {
      head.prepare(outputs, i * width, width);
    }
  }

  private void noteValues(Experience experience, int step) {
    float[] values = experience.column(SamplingActor.VALUE);
    for (int i = 0; i < environments; i++) {
      int row = step * environments + i;
      values[row] = greatest(i, experience.masks, row);
    }
  }

  private float greatest(int environment, boolean[] masks, int row) {
    return outputs[environment * network.outputs() + best(environment, masks, row)];
  }

  /** The allowed action of the greatest value, the first among equals. */
  private int best(int environment, boolean[] masks, int row) {
    int values = environment * network.outputs();
    int best = -1;
    for (int action = 0; action < actions; action++) {
      boolean allowed = masks.length == 0 || masks[row * maskSize + action];
      if (allowed && (best < 0 || outputs[values + action] > outputs[values + best])) {
        best = action;
      }
    }
    return best;
  }

  /** One of the allowed actions, each as likely as any other. */
  private int any(boolean[] masks, int row, Pcg64 random) {
    if (maskSize == 0) {
      return random.nextInt(actions);
    }
    int allowed = 0;
    for (int action = 0; action < actions; action++) {
      allowed += masks[row * maskSize + action] ? 1 : 0;
    }
    int left = random.nextInt(allowed);
    int action = 0;
    while (!masks[row * maskSize + action] || left-- > 0) {
      action++;
    }
    return action;
  }

  @Override
  public void close() {
    network.close();
  }
}
