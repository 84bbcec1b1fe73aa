package org.mobula.core.environment;

import java.util.Arrays;
import org.mobula.core.space.Space;

/**
 * The spaces of an environment that other processes play: a game engine, a test rig. It cannot be
 * stepped from here; they ask for actions and report what came of them.
 */
public final class ExternalEnvironment implements Environment {
  private final Space observationSpace;
  private final Space actionSpace;
  private final boolean masksActions;

  /**
   * Of these spaces.
   *
   * @param masksActions whether each observation comes with a mask of allowed choices
   * @throws IllegalArgumentException if actions are masked of which none can be chosen
   */
  public ExternalEnvironment(Space observationSpace, Space actionSpace, boolean masksActions) {
    if (masksActions && actionSpace.maskSize() == 0) {
      throw new IllegalArgumentException(
          "actions in %s are masked, but a mask is for discrete choices: leave it out"
              .formatted(actionSpace));
    }
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.masksActions = masksActions;
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public Space actionSpace() {
    return actionSpace;
  }

  @Override
  public boolean masksActions() {
    return masksActions;
  }

  /** Shows zeros: nothing is known until somebody plays. */
  @Override
  public void reset(Reset reset, float[] observation) {
    Arrays.fill(observation, 0);
  }

  /** Throws: only those who play can step. */
  @Override
  public void step(float[] action, Step step) {
    throw new UnsupportedOperationException(
        "other processes play this environment: it cannot be stepped from here, such as for an"
            + " evaluation; name another one in evaluation.environment");
  }
}
