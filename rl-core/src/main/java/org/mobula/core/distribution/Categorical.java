package org.mobula.core.distribution;

import java.util.random.RandomGenerator;

/**
 * One choice out of several; the parameters are unnormalised log-probabilities (logits), the action
 * is the index of the choice as a float. To forbid choices see {@link ActionMask}.
 *
 * @param choices number of choices, at least 1
 */
public record Categorical(int choices) implements ActionDistribution {
  /** Checks the number of choices. */
  public Categorical {
    Softmax.requireCount("choices", choices);
  }

  @Override
  public int parameters() {
    return choices;
  }

  @Override
  public int actionSize() {
    return 1;
  }

  @Override
  public void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset) {
    action[actionOffset] = Softmax.sample(parameters, offset, choices, random);
  }

  @Override
  public void mode(float[] parameters, int offset, float[] action, int actionOffset) {
    action[actionOffset] = Softmax.mode(parameters, offset, choices);
  }

  @Override
  public float logProbability(float[] parameters, int offset, float[] action, int actionOffset) {
    int index = Softmax.index(action, actionOffset, choices);
    return (float) Softmax.logProbability(parameters, offset, choices, index);
  }

  @Override
  public float entropy(float[] parameters, int offset) {
    return (float) Softmax.entropy(parameters, offset, choices);
  }

  @Override
  public float divergence(float[] p, int pOffset, float[] q, int qOffset) {
    return (float) Softmax.divergence(p, pOffset, q, qOffset, choices);
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
    int index = Softmax.index(action, actionOffset, choices);
    Softmax.addLogProbabilityGradient(
        parameters, offset, choices, index, scale, gradient, gradientOffset);
  }

  @Override
  public void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset) {
    Softmax.addEntropyGradient(parameters, offset, choices, scale, gradient, gradientOffset);
  }

  @Override
  public int evaluationSize() {
    return 2 + 2 * choices;
  }

  @Override
  public void evaluate(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float[] evaluation,
      int evaluationOffset) {
    int index = Softmax.index(action, actionOffset, choices);
    evaluation[evaluationOffset] = 0;
    evaluation[evaluationOffset + 1] = 0;
    Softmax.evaluate(
        parameters, offset, choices, index, evaluation, evaluationOffset, evaluationOffset + 2);
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
    Softmax.addGradient(
        choices,
        Softmax.index(action, actionOffset, choices),
        evaluation,
        evaluationOffset + 2,
        logProbabilityScale,
        entropyScale,
        gradient,
        gradientOffset);
  }
}
