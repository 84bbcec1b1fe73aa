package org.mobula.core.rendering;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.MaskedChoice;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.space.Space;

/** Who chooses the actions of an episode that is shown. */
@FunctionalInterface
public interface Player {
  /**
   * Chooses an action.
   *
   * @param environment in the state to act in
   * @param observation of that state
   * @return {@code actionSpace().size()} numbers
   */
  float[] act(Environment environment, float[] observation);

  /** Takes the most likely action that is allowed. */
  static Player of(Policy policy) {
    return (environment, observation) -> policy.act(observation, mask(environment));
  }

  /** Samples the actions that are allowed. */
  static Player sampling(Policy policy, long seed) {
    Pcg64 random = actions(seed);
    return (environment, observation) -> policy.act(observation, mask(environment), random);
  }

  /** Numbers of the player's own: the environment draws by the seed itself. */
  private static Pcg64 actions(long seed) {
    return new Pcg64(SeedSequence.of(seed).stream("actions"));
  }

  private static boolean[] mask(Environment environment) {
    boolean[] mask = new boolean[environment.actionSpace().maskSize()];
    environment.actionMask(mask);
    return mask;
  }

  /** Acts at random among what is allowed, whatever is observed. */
  static Player random(long seed) {
    Pcg64 random = actions(seed);
    return (environment, observation) -> {
      Space space = environment.actionSpace();
      float[] action = new float[space.size()];
      space.sample(random, action, 0);
      if (environment.masksActions()) {
        MaskedChoice.obey(space, mask(environment), random, action)
            .ifPresent(
                wrong -> {
                  throw new IllegalStateException(wrong);
                });
      }
      return action;
    };
  }
}
