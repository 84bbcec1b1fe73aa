package org.mobula.core.offline;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.util.List;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.policy.Policy;

/**
 * Learns from recordings what a policy's actions are worth (Le, Voloshin and Yue 2019, algorithm
 * 3): a network follows the returns of one recorded step and of its own slower copy at what the
 * policy does next. It needs no log-probabilities, and judges policies that take one action only.
 * Where the policy does what was never recorded it is wrong without a sign of it.
 */
@RecordBuilder
public record FittedQEvaluation(
    @Doc("discount factor γ of the returns; 0.9 to 0.99") @Range(min = 0, exclusiveMax = 1)
        double discount,
    @Doc("widths of the network's hidden layers") @Range(min = 1) List<Integer> hidden,
    @Doc("transitions per gradient; 64 to 512") @Range(min = 1) int minibatchSize,
    @Doc("gradients; 2 thousand to 100 thousand") @Range(min = 1) int gradients,
    @Doc("step size of Adam; 1e-4 to 1e-3") @Range(exclusiveMin = 0) double learningRate,
    @Doc("τ: how far the copy follows at each gradient; 0.005 to 0.05, 1 is a copy")
        @Range(exclusiveMin = 0, max = 1)
        double targetRate,
    @Doc("actions of the policy that stand for all, where it samples and they are not Discrete")
        @Range(min = 1)
        int samples,
    @Doc("the root of all random numbers") @Range(min = 0) long seed)
    implements Serializable, FittedQEvaluationBuilder.With {

  /** Checks the values. */
  public FittedQEvaluation {
    hidden = List.copyOf(hidden);
    Constraints.check(
        FittedQEvaluation.class,
        discount,
        hidden,
        minibatchSize,
        gradients,
        learningRate,
        targetRate,
        samples,
        seed);
  }

  /** 10,000 gradients of a network of [64, 64]. */
  public static FittedQEvaluation defaults() {
    return new FittedQEvaluation(0.99, List.of(64, 64), 256, 10_000, 1e-3, 0.01, 4, 0);
  }

  /**
   * Learns the values of a policy.
   *
   * @param policy which stays open until the values are used no more
   * @return to be closed
   * @throws IllegalArgumentException if nothing can be learnt from the recordings, or they do not
   *     fit the policy
   */
  public FittedValues fit(Policy policy, RecordedEpisodes recordings) {
    return FittedValues.fit(this, policy, recordings.requireLearnable());
  }
}
