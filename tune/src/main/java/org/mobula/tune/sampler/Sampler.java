package org.mobula.tune.sampler;

import java.util.Optional;

/**
 * Chooses the parameters of new trials.
 *
 * <p>A sampler is a function of the request alone: of what the journal holds, the trial's number
 * and the random numbers that belong to it. What it needs to remember it hands out as attributes of
 * the trial, which it finds in the journal again. So a study that is resumed, in this process or
 * another, goes on as if it had never stopped. It may keep what it computed, as long as a new one
 * would answer the same. One thread at a time.
 */
public interface Sampler {
  /** The parameters of one new trial. */
  Suggestion suggest(SamplingRequest request);

  /** Why there is nothing left to try, for a person to read; empty while there is. */
  default Optional<String> exhausted(SamplingRequest request) {
    return Optional.empty();
  }
}
