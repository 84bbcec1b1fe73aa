package org.mobula.core.training;

import java.util.List;

/**
 * What an evaluation found.
 *
 * @param returns undiscounted return of each episode
 * @param lengths steps of each episode
 * @param cutOff episodes that were cut off at {@code evaluation.max-episode-steps}: their returns
 *     are those up to there
 */
public record EvaluationResult(List<Double> returns, List<Integer> lengths, int cutOff) {
  /** Copies the lists. */
  public EvaluationResult {
    returns = List.copyOf(returns);
    lengths = List.copyOf(lengths);
  }

  /** Episodes that all came to an end of their own. */
  public EvaluationResult(List<Double> returns, List<Integer> lengths) {
    this(returns, lengths, 0);
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
