package org.mobula.core.training;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.parameters.StoreState;

/**
 * Where a new run begins in place of fresh parameters: where another program's run had come to.
 *
 * @param environmentSteps that were taken there; schedules and warm-up count them
 * @param store parameters of all networks and what the optimizer remembers, as {@link
 *     org.mobula.core.training.config.TrainingConfig#layout} has them
 * @param observations what was measured of observations; null where they are not normalised, or
 *     nothing was
 * @param returns what was measured of discounted returns, by which rewards are scaled; null
 *     likewise
 */
public record StartingPoint(
    long environmentSteps,
    StoreState store,
    @Nullable RunningStatistics observations,
    @Nullable RunningStatistics returns) {
  /** Checks the numbers. */
  public StartingPoint {
    if (environmentSteps < 0) {
      throw new IllegalArgumentException(
          "environmentSteps is " + environmentSteps + " but must be ≥ 0");
    }
    for (Map.Entry<String, float[]> moment : store.moments().entrySet()) {
      int length = store.parameters().values().length;
      if (moment.getValue().length != length) {
        throw new IllegalArgumentException(
            "%s has %s numbers but there are %s parameters"
                .formatted(moment.getKey(), moment.getValue().length, length));
      }
    }
    if (returns != null && returns.size() != 1) {
      throw new IllegalArgumentException(
          "returns are statistics of %s numbers but must be of 1".formatted(returns.size()));
    }
  }
}
