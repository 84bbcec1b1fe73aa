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
 */
public record PolicySpec(Space observationSpace, Space actionSpace, NetworkSpec network)
    implements Serializable {

  /** Checks that the network fits the spaces. */
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
