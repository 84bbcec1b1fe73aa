package org.mobula.core.policy;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.ParameterSnapshot;

/**
 * A policy at one moment: all that acting depends on beside its {@link PolicySpec}.
 *
 * @param parameters of the network
 * @param normalizer of the observations; null where they are not normalised
 */
public record PolicySnapshot(
    ParameterSnapshot parameters, @Nullable ObservationNormalizer normalizer)
    implements Serializable {}
