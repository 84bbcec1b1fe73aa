package org.mobula.core.training;

import java.util.List;

/**
 * What an evaluation found.
 *
 * @param returns undiscounted return of each episode
 * @param lengths steps of each episode
 */
public record EvaluationResult(List<Double> returns, List<Integer> lengths) {
  /** Copies the lists. */
  public EvaluationResult {
    returns = List.copyOf(returns);
    lengths = List.copyOf(lengths);
  }

  /** Mean return. */
  public double meanReturn() {
    return returns.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  /** Standard deviation of the returns over the episodes (population). */
  public double returnDeviation() {
    double mean = meanReturn();
    return Math.sqrt(
        returns.stream().mapToDouble(r -> (r - mean) * (r - mean)).average().orElse(Double.NaN));
  }

  /** Mean length in steps. */
  public double meanLength() {
    return lengths.stream().mapToInt(Integer::intValue).average().orElse(Double.NaN);
  }
}
