package org.mobula.core.policy;

import org.jspecify.annotations.Nullable;

/**
 * An action of a {@link Policy} and what it thinks of it.
 *
 * @param action {@code actionSpace().size()} numbers, within the action space, as {@link
 *     Policy#act(float[])} gives them
 * @param logProbability natural logarithm of the action's probability, or of its density in a box,
 *     there in the environment's units and before the action is moved to the nearest one within the
 *     box; forbidden choices have no part in it. 0 of a policy that takes one action only
 * @param value the discounted return that the policy expects from here on, in the scale of the
 *     rewards that it was trained on; of a {@linkplain PolicyHead.Greedy greedy} policy the value
 *     of the best action allowed; null if it estimates none ({@link PolicySpec#hasValue()})
 * @param distribution of the actions, in the environment's units. Discrete: the probability of each
 *     choice, {@code [n]}. MultiDiscrete: the same, one dimension after the other, {@code [Σ n]}.
 *     MultiBinary: the probability of each 1, {@code [n]}. Box: the mean of each number, and then
 *     the standard deviation of each, {@code [2 · size]}; of a {@linkplain PolicyHead.Squashed
 *     squashed} Gaussian those before the tangent, unscaled. Dict and Tuple: the numbers of one
 *     part after the other. A forbidden choice has probability 0
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record ActionEvaluation(
    float[] action, float logProbability, @Nullable Float value, float[] distribution) {}
