package org.mobula.core.policy;

import java.io.Serializable;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.space.Space;

/**
 * What a policy looks like, apart from its parameters. The network's output row starts with what
 * the head reads; where a value is learnt too, it is the column after that.
 *
 * @param observationSpace what it observes
 * @param actionSpace what it may do
 * @param network from features to the output row
 * @param masksActions whether it was trained in an environment that forbids actions; it then needs
 *     the mask with every observation
 * @param scaledActions whether −1 and 1 of the head's actions mean the bounds of the action space,
 *     a box with finite ones; else the head speaks in the environment's units
 * @param head what the output row means
 */
public record PolicySpec(
    Space observationSpace,
    Space actionSpace,
    NetworkSpec network,
    boolean masksActions,
    boolean scaledActions,
    PolicyHead head)
    implements Serializable {

  /** Checks that the network, the masks and the scale fit the spaces. */
  public PolicySpec {
    if (network.inputs() != observationSpace.flatSize()) {
      throw new IllegalArgumentException(
          "the network takes "
              + network.inputs()
              + " features but "
              + observationSpace
              + " has "
              + observationSpace.flatSize());
    }
    ActionHead actions = ActionHead.of(head, actionSpace, scaledActions);
    int needed = actions.outputs();
    int withValue = needed + actions.valueOutputs();
    if (network.outputs() != needed && network.outputs() != withValue) {
      throw new IllegalArgumentException(
          "the network gives "
              + network.outputs()
              + " outputs but actions in "
              + actionSpace
              + " need "
              + needed
              + ", or "
              + withValue
              + " with a value");
    }
    if (masksActions && actionSpace.maskSize() == 0) {
      throw new IllegalArgumentException(
          "actions in "
              + actionSpace
              + " have no choices that could be forbidden; let masksActions be false");
    }
  }

  /** A policy that samples, without action masks, in the environment's units. */
  public PolicySpec(Space observationSpace, Space actionSpace, NetworkSpec network) {
    this(observationSpace, actionSpace, network, new PolicyHead.Sampled());
  }

  /** A policy without action masks; in the environment's units unless the head is bounded. */
  public PolicySpec(
      Space observationSpace, Space actionSpace, NetworkSpec network, PolicyHead head) {
    this(observationSpace, actionSpace, network, false, head.isBounded(), head);
  }

  /** The same form, trained with action masks or without. */
  public PolicySpec withMasksActions(boolean masked) {
    return new PolicySpec(observationSpace, actionSpace, network, masked, scaledActions, head);
  }

  /** The same form with another network. */
  public PolicySpec withNetwork(NetworkSpec other) {
    return new PolicySpec(observationSpace, actionSpace, other, masksActions, scaledActions, head);
  }

  /**
   * Whether parameters of this form can be trained as those of another: masks and head may differ,
   * of which the files of former versions say nothing, and the scale of actions, which a resumed
   * run keeps.
   */
  public boolean isTrainableAs(PolicySpec other) {
    return observationSpace.equals(other.observationSpace)
        && actionSpace.equals(other.actionSpace)
        && network.equals(other.network);
  }

  /** The way from an output row to an action. */
  public ActionHead actionHead() {
    return ActionHead.of(head, actionSpace, scaledActions);
  }

  /**
   * The same policy with scaled actions where its action space allows, or without where its head
   * does.
   */
  public PolicySpec withScaledActions(boolean scaled) {
    boolean can = ActionHead.canScale(actionSpace);
    return new PolicySpec(
        observationSpace,
        actionSpace,
        network,
        masksActions,
        head.isBounded() || (scaled && can),
        head);
  }

  /** Whether the output row gives a value: in a column of its own, or that of the best action. */
  public boolean hasValue() {
    return head instanceof PolicyHead.Greedy || network.outputs() > actionHead().parameters();
  }
}
