package org.mobula.core.algorithm;

import org.jspecify.annotations.Nullable;
import org.mobula.core.policy.ObservationNormalizer;

/**
 * How far a run is when its learner gets experience.
 *
 * @param progress part of the run that was done before the experience, 0 to 1, for schedules
 * @param environmentSteps of the run over all environments, those of the experience included
 * @param normalizer of the observations by all that was seen; null where they are not normalised
 */
public record LearningMoment(
    double progress, long environmentSteps, @Nullable ObservationNormalizer normalizer) {}
