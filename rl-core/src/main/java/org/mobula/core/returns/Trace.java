package org.mobula.core.returns;

/**
 * What returns are computed from: several environments over the same number of steps, with whole
 * and cut-off episodes. Arrays are row-major {@code [time][environment]} and not copied; shapes are
 * checked where they are used.
 *
 * @param steps T, the length of the trace
 * @param environments N, the number of environments
 * @param rewards {@code [T][N]}
 * @param terminated {@code [T][N]}: the episode came to an end of its own in this step
 * @param truncated {@code [T][N]}: the episode was cut off after this step
 * @param values {@code [T][N]}: V of the observation that each step acted on
 * @param finalValues {@code [T][N]}: V of the final observation; read only where truncated and not
 *     terminated
 * @param lastValues {@code [N]}: V of the observation after the last step
 */
@SuppressWarnings("ArrayRecordComponent") // a view of arrays; never compared
public record Trace(
    int steps,
    int environments,
    float[] rewards,
    boolean[] terminated,
    boolean[] truncated,
    float[] values,
    float[] finalValues,
    float[] lastValues) {}
