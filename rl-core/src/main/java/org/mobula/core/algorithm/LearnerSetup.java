package org.mobula.core.algorithm;

import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/**
 * What a learner is made from.
 *
 * @param policy that is trained
 * @param networks that are learnt beside the policy's, by name
 * @param engine that computes the networks
 * @param environments whose experience comes together in one collection
 * @param gradientWorkers threads that share each minibatch
 * @param observationClip normalised observations lie within ±this; 0 where they are not normalised
 * @param rewardScaling by which rewards are scaled before they are learnt from; it is measured by
 *     others. Null where they are learnt from as they are
 * @param recordings to learn from; null where experience is collected
 * @param random for shuffling and the like
 */
public record LearnerSetup(
    PolicySpec policy,
    SortedMap<String, NetworkSpec> networks,
    NetworkEngine engine,
    int environments,
    int gradientWorkers,
    double observationClip,
    @Nullable RewardScaling rewardScaling,
    @Nullable RecordedEpisodes recordings,
    Pcg64 random) {
  /** Of a learner whose experience is collected. */
  public LearnerSetup(
      PolicySpec policy,
      SortedMap<String, NetworkSpec> networks,
      NetworkEngine engine,
      int environments,
      int gradientWorkers,
      double observationClip,
      @Nullable RewardScaling rewardScaling,
      Pcg64 random) {
    this(
        policy,
        networks,
        engine,
        environments,
        gradientWorkers,
        observationClip,
        rewardScaling,
        null,
        random);
  }

  /** Without networks beside the policy's. */
  public LearnerSetup(
      PolicySpec policy,
      NetworkEngine engine,
      int environments,
      int gradientWorkers,
      double observationClip,
      @Nullable RewardScaling rewardScaling,
      Pcg64 random) {
    this(
        policy,
        Collections.emptySortedMap(),
        engine,
        environments,
        gradientWorkers,
        observationClip,
        rewardScaling,
        random);
  }

  /**
   * The recordings.
   *
   * @throws IllegalArgumentException if the learner was given none
   */
  public RecordedEpisodes requireRecordings() {
    if (recordings == null) {
      throw new IllegalArgumentException(
          "the learner was given no recordings but learns from nothing else: build the trainer with"
              + " .recordings(episodes)");
    }
    return recordings;
  }

  /**
   * One of the networks that are learnt beside the policy's.
   *
   * @throws IllegalArgumentException if the learner was not given it
   */
  public NetworkSpec network(String name) {
    NetworkSpec network = networks.get(name);
    if (network == null) {
      throw new IllegalArgumentException(
          "the learner was given no network '%s' but %s: take AlgorithmConfig.networks of its settings"
              .formatted(name, networks.keySet()));
    }
    return network;
  }
}
