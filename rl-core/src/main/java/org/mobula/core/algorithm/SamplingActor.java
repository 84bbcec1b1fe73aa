package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape.Column;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * The acting half of on-policy algorithms: samples actions from the policy's distribution, and
 * notes their log-probabilities and the values that the policy's network gives beside them.
 */
public final class SamplingActor implements Actor {
  /** Log-probabilities of the actions under the policy that took them. */
  public static final String LOG_PROBABILITY = "log-probability";

  /** Values of the observations, those after the last step included. */
  public static final String VALUE = "value";

  /** Values of the final observations of episodes that were cut off in this step; else 0. */
  public static final String FINAL_VALUE = "final-value";

  /**
   * What the network saw, where observations are normalised. The ratio of a new policy to the one
   * that acted is one only on the very same numbers, and in a run's first collection these depend
   * on the step.
   */
  public static final String FEATURES = "features";

  private final Network network;
  private final ActionHead head;
  private final ActionDistribution distribution;
  private final List<Column> columns = new ArrayList<>();
  private final int environments;
  private final int featureSize;
  private final int actionSize;
  private final int maskSize;
  private final int outputSize;
  private final float[] outputs;

  // Columns of the experience that was filled last.
  private @Nullable Experience present;
  private float[] logProbabilities = {};
  private float[] values = {};
  private float[] finalValues = {};
  private float[] features = {};

  /**
   * An actor without parameters yet.
   *
   * @throws IllegalArgumentException if the policy's network gives no value
   */
  public SamplingActor(ActorSetup setup) {
    PolicySpec policy = setup.policy();
    if (!policy.hasValue()) {
      throw new IllegalArgumentException(
          "the policy's network gives "
              + policy.network().outputs()
              + " outputs and no value after the distribution's parameters; make it by"
              + " ActorCritic.policy");
    }
    this.head = policy.actionHead();
    this.distribution = head.distribution();
    this.environments = setup.environments();
    this.featureSize = policy.observationSpace().flatSize();
    this.actionSize = policy.actionSpace().size();
    this.maskSize = policy.masksActions() ? policy.actionSpace().maskSize() : 0;
    this.outputSize = policy.network().outputs();
    this.outputs = new float[environments * outputSize];
    columns.add(new Column(LOG_PROBABILITY, 1, false));
    columns.add(new Column(VALUE, 1, true));
    columns.add(new Column(FINAL_VALUE, 1, false));
    if (setup.observationClip() > 0) {
      columns.add(new Column(FEATURES, featureSize, false));
    }
    this.network = setup.engine().create(policy.network());
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
      float[] observed, Experience experience, int step, long environmentSteps, Pcg64 random) {
    bind(experience);
    int first = step * environments;
    if (features.length > 0) {
      System.arraycopy(observed, 0, features, first * featureSize, environments * featureSize);
    }
    forward(observed);
    for (int i = 0; i < environments; i++) {
      int row = first + i;
      int output = i * outputSize;
      values[row] = value(i);
      finalValues[row] = 0;
      if (maskSize > 0) {
        head.mask(outputs, output, experience.masks, row * maskSize);
      }
      int action = row * actionSize;
      distribution.sample(outputs, output, random, experience.actions, action);
      logProbabilities[row] =
          distribution.logProbability(outputs, output, experience.actions, action);
    }
  }

  /** An episode that was cut off would have gone on: its rest is worth what the critic says. */
  @Override
  public void cutOff(float[] observed, Experience experience, int step) {
    network.forward(observed, environments, outputs); // what other rows hold need be no number
    for (int i = 0; i < environments; i++) {
      int row = step * environments + i;
      if (experience.truncated[row] && !experience.terminated[row]) {
        finalValues[row] = value(i);
      }
    }
  }

  @Override
  public void finish(float[] observed, Experience experience) {
    bind(experience);
    forward(observed);
    for (int i = 0; i < environments; i++) {
      values[experience.rows() + i] = value(i);
    }
  }

  private void bind(Experience experience) {
    if (experience != present) {
      present = experience;
      logProbabilities = experience.column(LOG_PROBABILITY);
      values = experience.column(VALUE);
      finalValues = experience.column(FINAL_VALUE);
      features = columns.size() > 3 ? experience.column(FEATURES) : new float[0];
    }
  }

  private void forward(float[] observed) {
    network.forward(observed, environments, outputs);
    NonFiniteException.checkDivergence(outputs, 0, outputs.length, "network output");
  }

  private float value(int environment) {
    return outputs[environment * outputSize + outputSize - 1];
  }

  @Override
  public void close() {
    network.close();
  }
}
