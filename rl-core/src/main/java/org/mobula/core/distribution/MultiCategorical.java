package org.mobula.core.distribution;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Several independent choices; the parameters are the logits of each choice one after another, the
 * action is one index for each. Log-probabilities and entropies add up.
 */
public final class MultiCategorical implements ActionDistribution {
  private static final long serialVersionUID = 1;

  private final int[] sizes;
  private final int parameters;

  /**
   * A choice out of {@code sizes[0]}, a choice out of {@code sizes[1]}, and so on.
   *
   * @param sizes at least one, each at least 1
   */
  public MultiCategorical(int... sizes) {
    Softmax.requireCount("number of choices", sizes.length);
    int sum = 0;
    for (int i = 0; i < sizes.length; i++) {
      sum = Math.addExact(sum, Softmax.requireCount("sizes[" + i + "]", sizes[i]));
    }
    this.sizes = sizes.clone();
    this.parameters = sum;
  }

  /** The number of alternatives of each choice; a copy. */
  public int[] sizes() {
    return sizes.clone();
  }

  @Override
  public int parameters() {
    return parameters;
  }

  @Override
  public int actionSize() {
    return sizes.length;
  }

  @Override
  public void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset) {
    int from = offset;
    for (int i = 0; i < sizes.length; i++) {
      action[actionOffset + i] = Softmax.sample(parameters, from, sizes[i], random);
      from += sizes[i];
    }
  }

  @Override
  public void mode(float[] parameters, int offset, float[] action, int actionOffset) {
    int from = offset;
    for (int i = 0; i < sizes.length; i++) {
      action[actionOffset + i] = Softmax.mode(parameters, from, sizes[i]);
      from += sizes[i];
    }
  }

  @Override
  public float logProbability(float[] parameters, int offset, float[] action, int actionOffset) {
    double sum = 0;
    int from = offset;
    for (int i = 0; i < sizes.length; i++) {
      int index = Softmax.index(action, actionOffset + i, sizes[i]);
      sum += Softmax.logProbability(parameters, from, sizes[i], index);
      from += sizes[i];
    }
    return (float) sum;
  }

  @Override
  public float entropy(float[] parameters, int offset) {
    double sum = 0;
    int from = offset;
    for (int size : sizes) {
      sum += Softmax.entropy(parameters, from, size);
      from += size;
    }
    return (float) sum;
  }

  @Override
  public float divergence(float[] p, int pOffset, float[] q, int qOffset) {
    double sum = 0;
    int from = 0;
    for (int size : sizes) {
      sum += Softmax.divergence(p, pOffset + from, q, qOffset + from, size);
      from += size;
    }
    return (float) sum;
  }

  @Override
  public void addLogProbabilityGradient(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float scale,
      float[] gradient,
      int gradientOffset) {
    int from = 0;
    for (int i = 0; i < sizes.length; i++) {
      int index = Softmax.index(action, actionOffset + i, sizes[i]);
      Softmax.addLogProbabilityGradient(
          parameters, offset + from, sizes[i], index, scale, gradient, gradientOffset + from);
      from += sizes[i];
    }
  }

  @Override
  public void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset) {
    int from = 0;
    for (int size : sizes) {
      Softmax.addEntropyGradient(
          parameters, offset + from, size, scale, gradient, gradientOffset + from);
      from += size;
    }
  }

  @Override
  public int evaluationSize() {
    return 2 + 2 * parameters;
  }

  @Override
  public void evaluate(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float[] evaluation,
      int evaluationOffset) {
    evaluation[evaluationOffset] = 0;
    evaluation[evaluationOffset + 1] = 0;
    int from = 0;
    for (int i = 0; i < sizes.length; i++) {
      Softmax.evaluate(
          parameters,
          offset + from,
          sizes[i],
          Softmax.index(action, actionOffset + i, sizes[i]),
          evaluation,
          evaluationOffset,
          evaluationOffset + 2 + 2 * from);
      from += sizes[i];
    }
  }

  @Override
  public void addGradient(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float[] evaluation,
      int evaluationOffset,
      float logProbabilityScale,
      float entropyScale,
      float[] gradient,
      int gradientOffset) {
    int from = 0;
    for (int i = 0; i < sizes.length; i++) {
      Softmax.addGradient(
          sizes[i],
          Softmax.index(action, actionOffset + i, sizes[i]),
          evaluation,
          evaluationOffset + 2 + 2 * from,
          logProbabilityScale,
          entropyScale,
          gradient,
          gradientOffset + from);
      from += sizes[i];
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MultiCategorical that && Arrays.equals(sizes, that.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  @Override
  public String toString() {
    return "MultiCategorical" + Arrays.toString(sizes);
  }
}
