package org.mobula.core.algorithm.dqn;

import org.mobula.core.algorithm.Actor;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.network.Network;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * Takes the action of the greatest value, but with probability ε any of those allowed; while the
 * memory is warmed up, always.
 */
final class DqnActor implements Actor {
  private final DqnConfig config;
  private final Network network;
  private final int environments;
  private final int actions;
  private final int maskSize;
  private final float[] outputs;

  DqnActor(DqnConfig config, ActorSetup setup) {
    PolicySpec policy = setup.policy();
    this.config = config;
    this.environments = setup.environments();
    this.actions = policy.actionSpace().maskSize();
    this.maskSize = policy.masksActions() ? actions : 0;
    this.network = setup.engine().create(policy.network());
    this.outputs = new float[environments * network.outputs()];
  }

  @Override
  public void set(PolicySnapshot policy) {
    network.setParameters(policy.parameters().values());
  }

  @Override
  public void act(
      float[] features, Experience experience, int step, long environmentSteps, Pcg64 random) {
    double exploration = config.exploration(environmentSteps);
    if (exploration < 1) {
      network.forward(features, environments, outputs);
      NonFiniteException.checkDivergence(outputs, 0, outputs.length, "network output");
    }
    for (int i = 0; i < environments; i++) {
      int row = step * environments + i;
      boolean explores = exploration >= 1 || random.nextDouble() < exploration;
      experience.actions[row] =
          explores
              ? any(experience.masks, row * maskSize, random)
              : ValueLoss.best(
                  outputs, i * network.outputs(), actions, experience.masks, row * maskSize);
    }
  }

  /** One of the allowed actions, each as likely as any other. */
  private int any(boolean[] masks, int offset, Pcg64 random) {
    if (maskSize == 0) {
      return random.nextInt(actions);
    }
    int allowed = 0;
    for (int action = 0; action < actions; action++) {
      allowed += masks[offset + action] ? 1 : 0;
    }
    int left = random.nextInt(allowed);
    int action = 0;
    while (!masks[offset + action] || left-- > 0) {
      action++;
    }
    return action;
  }

  @Override
  public void close() {
    network.close();
  }
}
