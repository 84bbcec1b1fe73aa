package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;

/**
 * The acting half of algorithms that learn a policy from a replay memory: any action while the
 * memory is warmed up, and then those of the policy, with noise where there is some. Actions in a
 * box are kept in the policy's units, −1 and 1 being the bounds.
 */
public final class ExploringActor implements Actor {
  private final PolicyRunner policy;
  private final ActionHead head;
  private final @Nullable NoiseSource noise;
  private final long warmUpSteps;
  private final boolean samples;

  /** Of a Discrete action space; 0 in a box. */
  private final int choices;

  private final int environments;
  private final int actionSize;
  private final int outputSize;
  private final float[] outputs;

  /**
   * An actor without parameters yet.
   *
   * @param warmUpSteps environment steps at random, over all environments
   * @param samples whether actions are sampled from the policy; else the most likely is taken
   * @param noise that is added to the policy's actions; null adds none
   */
  public ExploringActor(
      ActorSetup setup, long warmUpSteps, boolean samples, @Nullable ActionNoise noise) {
    PolicySpec spec = setup.policy();
    this.policy = new PolicyRunner(spec, setup.engine().create(spec.network()));
    this.head = spec.actionHead();
    this.warmUpSteps = warmUpSteps;
    this.samples = samples;
    this.choices = spec.actionSpace() instanceof Discrete discrete ? discrete.n() : 0;
    this.environments = setup.environments();
    this.actionSize = spec.actionSpace().size();
    this.outputSize = spec.network().outputs();
    this.noise = noise == null ? null : new NoiseSource(noise, environments, actionSize);
    this.outputs = new float[environments * outputSize];
  }

  @Override
  public void set(PolicySnapshot snapshot) {
    policy.set(snapshot);
  }

  @Override
  public void act(
      float[] features, Experience experience, int step, long environmentSteps, Pcg64 random) {
    int first = step * environments * actionSize;
    float[] actions = experience.actions;
    if (environmentSteps < warmUpSteps) {
      for (int i = first; i < first + environments * actionSize; i++) {
        actions[i] = choices > 0 ? random.nextInt(choices) : (float) random.uniform(-1, 1);
      }
      return;
    }
    policy.forward(features, environments, outputs);
    NonFiniteException.checkDivergence(outputs, 0, outputs.length, "network output");
    for (int i = 0; i < environments; i++) {
      int action = first + i * actionSize;
      head.draw(outputs, i * outputSize, samples ? random : null, actions, action);
      if (noise != null) {
        noise.add(i, actions, action, random);
        for (int k = action; k < action + actionSize; k++) {
          actions[k] = Math.max(-1, Math.min(1, actions[k]));
        }
      }
    }
  }

  @Override
  public void startEpisode(int environment, Pcg64 random) {
    if (noise != null) {
      noise.startEpisode(environment, random);
    }
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    if (noise != null) {
      noise.writeState(out);
    }
  }

  @Override
  public void readState(DataInput in) throws IOException {
    if (noise != null) {
      noise.readState(in);
    }
  }

  @Override
  public void close() {
    policy.close();
  }
}
