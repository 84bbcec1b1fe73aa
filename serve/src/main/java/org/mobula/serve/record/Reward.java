package org.mobula.serve.record;

/**
 * What came of an answer.
 *
 * @param id that the answer had
 * @param row of the answer's batch, from 0
 * @param reward for the action
 * @param terminated whether the episode ended by itself
 * @param truncated whether the episode was cut off
 */
public record Reward(String id, int row, double reward, boolean terminated, boolean truncated) {}
