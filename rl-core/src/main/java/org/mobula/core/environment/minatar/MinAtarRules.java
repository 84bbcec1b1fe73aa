package org.mobula.core.environment.minatar;

import io.soabase.recordbuilder.core.RecordBuilder;

/**
 * What the five games have in common to choose.
 *
 * @param stickyActionProbability how likely the last action is taken again instead of the present
 *     one
 * @param ramping whether a game becomes harder as it goes on; Breakout and Freeway never do
 * @param minimalActions whether there are only the actions that do something in the game, in the
 *     order of all: none, left, up, right, down, fire
 */
@RecordBuilder
public record MinAtarRules(double stickyActionProbability, boolean ramping, boolean minimalActions)
    implements MinAtarRulesBuilder.With {
  /** Checks the probability. */
  public MinAtarRules {
    if (!(stickyActionProbability >= 0 && stickyActionProbability <= 1)) {
      throw new IllegalArgumentException(
          "the probability of sticky actions is "
              + stickyActionProbability
              + " but must be from 0 to 1");
    }
  }

  /** The paper's: one action in ten sticks, games become harder; actions that do something. */
  public static MinAtarRules defaults() {
    return new MinAtarRules(0.1, true, true);
  }
}
