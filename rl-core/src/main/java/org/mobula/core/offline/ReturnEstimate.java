package org.mobula.core.offline;

/**
 * A mean discounted return of a policy's episodes, with the bounds that the bootstrap over episodes
 * gives it.
 *
 * @param value of the estimate
 * @param low lower bound of the confidence interval
 * @param high upper bound
 */
public record ReturnEstimate(double value, double low, double high) {}
