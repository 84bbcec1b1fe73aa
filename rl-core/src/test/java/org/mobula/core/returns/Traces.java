package org.mobula.core.returns;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Turns the reference vectors, one row an environment, into the layout {@code [time][environment]}.
 */
final class Traces {
  private Traces() {}

  static float[] timeMajor(double[][] environments) {
    int count = environments.length;
    int steps = environments[0].length;
    float[] trace = new float[count * steps];
    for (int i = 0; i < count; i++) {
      for (int t = 0; t < steps; t++) {
        trace[t * count + i] = (float) environments[i][t];
      }
    }
    return trace;
  }

  /** What the general forms read of a trace, whose rewards and discounts they are given. */
  static Trace values(int steps, int environments, float[] values, float[] lastValues) {
    boolean[] none = {};
    return new Trace(steps, environments, values, none, none, values, values, lastValues);
  }

  static float[] constant(int length, float value) {
    float[] trace = new float[length];
    Arrays.fill(trace, value);
    return trace;
  }

  static float[] uniform(RandomGenerator random, int length, double low, double high) {
    float[] trace = new float[length];
    for (int i = 0; i < length; i++) {
      trace[i] = (float) random.nextDouble(low, high);
    }
    return trace;
  }

  static boolean[] flags(RandomGenerator random, int length, double probability) {
    boolean[] trace = new boolean[length];
    for (int i = 0; i < length; i++) {
      trace[i] = random.nextDouble() < probability;
    }
    return trace;
  }
}
