package org.mobula.core.environment.text;

import io.soabase.recordbuilder.core.RecordBuilder;

/**
 * The rules of a {@link GridWorld} beside its map.
 *
 * @param goalReward for reaching a goal; one marked by a digit pays that many times as much
 * @param trapReward for falling into a trap
 * @param stepReward for each move, these two included
 * @param slip how likely a move goes to either side of where it was meant to, half as likely to
 *     each
 * @param actionMask whether moves against walls and the border are forbidden; else they change
 *     nothing
 * @param oneGoal whether each episode has one of the goals, drawn at the reset and observed
 * @param picture whether cells are observed as a picture; else by their numbers
 */
@RecordBuilder
public record GridRules(
    double goalReward,
    double trapReward,
    double stepReward,
    double slip,
    boolean actionMask,
    boolean oneGoal,
    boolean picture)
    implements GridRulesBuilder.With {
  /** Checks the numbers. */
  public GridRules {
    requireFinite("the reward of a goal", goalReward);
    requireFinite("the reward of a trap", trapReward);
    requireFinite("the reward of a step", stepReward);
    TabularProblem.requireProbability("slip", slip);
  }

  private static void requireFinite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(name + " is " + value + " but must be finite");
    }
  }

  /** Goals pay 1, traps -1, each move -0.01; moves go where they were meant to. */
  public static GridRules defaults() {
    return new GridRules(1, -1, -0.01, 0, false, false, false);
  }
}
