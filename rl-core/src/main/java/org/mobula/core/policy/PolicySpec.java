package org.mobula.core.policy;

import java.io.Serializable;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.space.Space;

/**
 * What a policy looks like, apart from its parameters. The network's output row starts with the
 * parameters of the action distribution; where a value is learnt too, it is the column after them.
 *
 * @param observationSpace what it observes
 * @param actionSpace what it may do
 * @param network from features to the output row
 * @param masksActions whether it was trained in an environment that forbids actions; it then needs
 *     the mask with every observation
 */
public record PolicySpec(
    Space observationSpace, Space actionSpace, NetworkSpec network, boolean masksActions)
    implements Serializable {

  /** Checks that the network and the masks fit the spaces. */
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
    int needed = ActionHead.of(actionSpace).distribution().parameters();
    if (network.outputs() != needed && network.outputs() != needed + 1) {
      throw new IllegalArgumentException(
          "the network gives "
              + network.outputs()
              + " outputs but actions in "
              + actionSpace
              + " need "
              + needed
              + ", or "
              + (needed + 1)
              + " with a value");
    }
    if (masksActions && actionSpace.maskSize() == 0) {
      throw new IllegalArgumentException(
          "actions in "
              + actionSpace
              + " have no choices that could be forbidden; let masksActions be false");
    }
  }

  /** A policy that was trained without action masks. */
  public PolicySpec(Space observationSpace, Space actionSpace, NetworkSpec network) {
    this(observationSpace, actionSpace, network, false);
  }

  /** The same form, trained with action masks or without. */
  public PolicySpec withMasksActions(boolean masked) {
    return new PolicySpec(observationSpace, actionSpace, network, masked);
  }

  /**
   * Whether parameters of this form can be trained as those of another: only the masks may differ,
   * of which the files of former versions say nothing.
   */
  public boolean isTrainableAs(PolicySpec other) {
    return observationSpace.equals(other.observationSpace)
        && actionSpace.equals(other.actionSpace)
        && network.equals(other.network);
  }

  /** The way from an output row to an action. */
  public ActionHead head() {
    return ActionHead.of(actionSpace);
  }

  /** Whether the output row ends with a value. */
  public boolean hasValue() {
    return network.outputs() > head().distribution().parameters();
  }
}
