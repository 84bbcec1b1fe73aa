package org.mobula.core.offline;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What recordings say of a policy that did not make them.
 *
 * @param recorded the mean discounted return of the recordings themselves
 * @param ordinary importance sampling, step by step: right on average, and of a great variance
 * @param weighted the same, each step's ratios over their sum: a little wrong, and much calmer
 * @param doublyRobust ordinary importance sampling of what a model of the values leaves
 *     unexplained; null where there is no model
 * @param effectiveSampleSize how many episodes of the policy's own would say as much: (Σρ)² / Σρ²
 *     of the episodes' ratios ρ
 * @param episodes that were recorded
 */
public record OffPolicyResult(
    ReturnEstimate recorded,
    ReturnEstimate ordinary,
    ReturnEstimate weighted,
    @Nullable ReturnEstimate doublyRobust,
    double effectiveSampleSize,
    int episodes) {
  /** Below it neither an estimate nor its interval is to be trusted. */
  public static final int LEAST_EFFECTIVE_SAMPLES = 20;

  /**
   * Why the estimates cannot be trusted, for a person to read; empty where nothing speaks for it.
   */
  public Optional<String> warning() {
    if (effectiveSampleSize >= LEAST_EFFECTIVE_SAMPLES) {
      return Optional.empty();
    }
    return Optional.of(
        "the %d recorded episodes say as much of this policy as %.1f of its own would, fewer than %d: do not trust these estimates and their intervals; record more episodes, or judge a policy that acts more like the recorded one"
            .formatted(episodes, effectiveSampleSize, LEAST_EFFECTIVE_SAMPLES));
  }
}
