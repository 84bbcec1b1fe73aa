package org.mobula.tune.sampler;

import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;

/**
 * What a sampler is asked.
 *
 * @param study all trials so far; those that run are being evaluated elsewhere
 * @param space what to choose from
 * @param trial number of the trial to be: the next one of the study
 * @param attempt 0, or higher where the last suggestion for this trial broke a constraint
 * @param seed the root of the study's random numbers
 */
public record SamplingRequest(
    StudyRecord study, SearchSpace space, int trial, int attempt, SeedSequence seed) {
  /** The random numbers of this trial and attempt, from their beginning. */
  public Pcg64 random() {
    return new Pcg64(seed.stream("sampler/" + trial + "/" + attempt));
  }
}
