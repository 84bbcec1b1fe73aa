package org.mobula.core.algorithm;

import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;

/**
 * What an actor is made from.
 *
 * @param policy that acts
 * @param engine that computes its network
 * @param environments that it acts in
 * @param allEnvironments of the run, whoever acts in them
 * @param observationClip normalised observations lie within ±this; 0 where they are not normalised
 */
public record ActorSetup(
    PolicySpec policy,
    NetworkEngine engine,
    int environments,
    int allEnvironments,
    double observationClip) {}
