package org.mobula.core.algorithm;

import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * What a learner is made from.
 *
 * @param policy that is trained
 * @param engine that computes its network
 * @param environments whose experience comes together in one rollout
 * @param gradientWorkers threads that share each minibatch
 * @param random for shuffling and the like
 */
public record LearnerSetup(
    PolicySpec policy, NetworkEngine engine, int environments, int gradientWorkers, Pcg64 random) {}
