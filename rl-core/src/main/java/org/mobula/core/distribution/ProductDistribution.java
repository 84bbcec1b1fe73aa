package org.mobula.core.distribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Independent distributions side by side, for actions that consist of several parts. The actions of
 * the parts lie one after the other; so do their parameters, but for the log standard deviations of
 * Gaussians, which come last, in the order of the parts: a network computes all that precedes them
 * from the observation, and those are often the same in every state. Log-probabilities, entropies
 * and divergences add up.
 */
public final class ProductDistribution implements ActionDistribution {
  private static final long serialVersionUID = 1;

  private final ActionDistribution[] parts;
  private final int[] at;
  private final int[] actionAt;
  private final int[] evaluationAt;
  private final int parameters;
  private final int actionSize;
  private final int evaluationSize;

  /**
   * A product.
   *
   * @param parts at least one, none of them a product; where the deviations of a Gaussian are is
   *     decided here
   */
  public ProductDistribution(List<? extends ActionDistribution> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a product needs at least one part");
    }
    int count = parts.size();
    at = new int[count];
    actionAt = new int[count];
    evaluationAt = new int[count];
    int before = 0;
    int actions = 0;
    int evaluations = 2;
    for (int i = 0; i < count; i++) {
      ActionDistribution part = parts.get(i);
      at[i] = before;
      actionAt[i] = actions;
      evaluationAt[i] = evaluations;
      before +=
          part instanceof DiagonalGaussian gaussian ? gaussian.dimensions() : part.parameters();
      actions += part.actionSize();
      evaluations += part.evaluationSize();
    }
    List<ActionDistribution> placed = new ArrayList<>();
    int deviations = before;
    for (int i = 0; i < count; i++) {
      if (parts.get(i) instanceof DiagonalGaussian gaussian) {
        placed.add(new DiagonalGaussian(gaussian.dimensions(), deviations - at[i]));
        deviations += gaussian.dimensions();
      } else {
        placed.add(parts.get(i));
      }
    }
    this.parts = placed.toArray(ActionDistribution[]::new);
    parameters = deviations;
    actionSize = actions;
    evaluationSize = evaluations;
  }

  /** How many there are. */
  public int count() {
    return parts.length;
  }

  /** One of them, which reads its parameters {@link #at} its place. */
  public ActionDistribution part(int index) {
    return parts[index];
  }

  /** Where the parameters of a part begin. */
  public int at(int index) {
    return at[index];
  }

  @Override
  public int parameters() {
    return parameters;
  }

  @Override
  public int actionSize() {
    return actionSize;
  }

  @Override
  public void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset) {
    for (int i = 0; i < parts.length; i++) {
      parts[i].sample(parameters, offset + at[i], random, action, actionOffset + actionAt[i]);
    }
  }

  @Override
  public void mode(float[] parameters, int offset, float[] action, int actionOffset) {
    for (int i = 0; i < parts.length; i++) {
      parts[i].mode(parameters, offset + at[i], action, actionOffset + actionAt[i]);
    }
  }

  @Override
  public float logProbability(float[] parameters, int offset, float[] action, int actionOffset) {
    double sum = 0;
    for (int i = 0; i < parts.length; i++) {
      sum +=
          parts[i].logProbability(parameters, offset + at[i], action, actionOffset + actionAt[i]);
    }
    return (float) sum;
  }

  @Override
  public float entropy(float[] parameters, int offset) {
    double sum = 0;
    for (int i = 0; i < parts.length; i++) {
      sum += parts[i].entropy(parameters, offset + at[i]);
    }
    return (float) sum;
  }

  @Override
  public float divergence(float[] p, int pOffset, float[] q, int qOffset) {
    double sum = 0;
    for (int i = 0; i < parts.length; i++) {
      sum += parts[i].divergence(p, pOffset + at[i], q, qOffset + at[i]);
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
    for (int i = 0; i < parts.length; i++) {
      parts[i].addLogProbabilityGradient(
          parameters,
          offset + at[i],
          action,
          actionOffset + actionAt[i],
          scale,
          gradient,
          gradientOffset + at[i]);
    }
  }

  @Override
  public void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset) {
    for (int i = 0; i < parts.length; i++) {
      parts[i].addEntropyGradient(
          parameters, offset + at[i], scale, gradient, gradientOffset + at[i]);
    }
  }

  @Override
  public int evaluationSize() {
    return evaluationSize;
  }

  @Override
  public void evaluate(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float[] evaluation,
      int evaluationOffset) {
    double logProbability = 0;
    double entropy = 0;
    for (int i = 0; i < parts.length; i++) {
      int own = evaluationOffset + evaluationAt[i];
      parts[i].evaluate(
          parameters, offset + at[i], action, actionOffset + actionAt[i], evaluation, own);
      logProbability += evaluation[own];
      entropy += evaluation[own + 1];
    }
    evaluation[evaluationOffset] = (float) logProbability;
    evaluation[evaluationOffset + 1] = (float) entropy;
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
    for (int i = 0; i < parts.length; i++) {
      parts[i].addGradient(
          parameters,
          offset + at[i],
          action,
          actionOffset + actionAt[i],
          evaluation,
          evaluationOffset + evaluationAt[i],
          logProbabilityScale,
          entropyScale,
          gradient,
          gradientOffset + at[i]);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ProductDistribution that && Arrays.equals(parts, that.parts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(parts);
  }

  @Override
  public String toString() {
    return "ProductDistribution" + Arrays.toString(parts);
  }
}
