package org.mobula.core.algorithm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.distribution.Categorical;
import org.mobula.core.distribution.DiagonalGaussian;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

class PpoLossTest {
  /** Logits, old logits, actions and advantages with the loss that DeepMind's RLax tests expect. */
  @ParameterizedTest
  @ValueSource(ints = {1, -1})
  void agreesWithThePublishedVector(int sign) {
    Categorical categorical = new Categorical(3);
    float[] outputs = {1, 1, 1, 0, 2, 0, 0, 0, -1, -2, -3, 0};
    float[] old = {1, 1, 1, 2, 0, 0, -3, -2, -1};
    float[] advantages = {0.3f * sign, 0.2f * sign, 0.1f * sign};
    Experience experience = experience(3, 1);
    for (int i = 0; i < 3; i++) {
      experience.actions[i] = i;
      experience.column(SamplingActor.LOG_PROBABILITY)[i] =
          categorical.logProbability(old, 3 * i, experience.actions, i);
    }
    PpoMinibatch minibatch = minibatch(experience, 3, advantages, new float[3]);
    PpoLoss.Measurements loss = new PpoLoss.Measurements();
    new PpoLoss(categorical)
        .gradient(
            outputs,
            minibatch,
            1 / 3f,
            new PpoLoss.Coefficients(0.2f, 0, 0, 0),
            new float[12],
            loss);

    assertThat(loss.policyLoss()).isCloseTo(sign > 0 ? -0.17117467 : 0.19333333, within(1e-5));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gradientAgreesWithFiniteDifferencesForLogits(boolean clippedValues) {
    checkGradient(new Categorical(4), 1, clippedValues);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gradientAgreesWithFiniteDifferencesForAGaussian(boolean clippedValues) {
    checkGradient(new DiagonalGaussian(2), 2, clippedValues);
  }

  @Test
  void measuresHowFarThePolicyMoved() {
    Categorical categorical = new Categorical(2);
    Experience experience = experience(1, 1);
    experience.column(SamplingActor.LOG_PROBABILITY)[0] = (float) Math.log(0.5);
    float probability = 0.8f;
    float[] outputs = {(float) Math.log(probability), (float) Math.log(1 - probability), 0};
    PpoLoss.Measurements loss = new PpoLoss.Measurements();
    new PpoLoss(categorical)
        .gradient(
            outputs,
            minibatch(experience, 1, new float[] {1}, new float[1]),
            1,
            new PpoLoss.Coefficients(0.2f, 0, 0, 0),
            new float[3],
            loss);

    double ratio = 0.8 / 0.5;
    assertThat(loss.divergence()).isCloseTo(ratio - 1 - Math.log(ratio), within(1e-6));
    assertThat(loss.clipFraction()).isEqualTo(1);
    assertThat(loss.policyLoss()).isCloseTo(-1.2, within(1e-6));
  }

  /** Central differences of the loss, put together from what the loss itself measures. */
  private static void checkGradient(
      ActionDistribution distribution, int actionSize, boolean clippedValues) {
    int rows = 16;
    int width = distribution.parameters() + 1;
    Pcg64 random = new Pcg64(7);
    float[] outputs = new float[rows * width];
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = (float) random.nextGaussian() * 0.5f;
    }
    Experience experience = experience(rows, actionSize);
    float[] advantages = new float[rows];
    float[] returns = new float[rows];
    for (int i = 0; i < rows; i++) {
      distribution.sample(outputs, i * width, random, experience.actions, i * actionSize);
      experience.column(SamplingActor.LOG_PROBABILITY)[i] =
          distribution.logProbability(outputs, i * width, experience.actions, i * actionSize)
              + (float) random.uniform(-0.5, 0.5);
      experience.column(SamplingActor.VALUE)[i] = (float) random.nextGaussian();
      advantages[i] = (float) random.nextGaussian();
      returns[i] = (float) random.nextGaussian();
    }
    PpoMinibatch minibatch = minibatch(experience, rows, advantages, returns);
    PpoLoss.Coefficients coefficients =
        new PpoLoss.Coefficients(0.2f, clippedValues ? 0.3f : 0, 0.01f, 0.7f);
    float[] gradient = new float[rows * width];
    new PpoLoss(distribution)
        .gradient(
            outputs, minibatch, 1f / rows, coefficients, gradient, new PpoLoss.Measurements());

    float step = 1e-2f;
    for (int i = 0; i < outputs.length; i++) {
      float center = outputs[i];
      outputs[i] = center + step;
      double above = value(distribution, outputs, minibatch, coefficients);
      outputs[i] = center - step;
      double below = value(distribution, outputs, minibatch, coefficients);
      outputs[i] = center;
      assertThat((double) gradient[i])
          .as("output " + i)
          .isCloseTo((above - below) / (2 * step), within(2e-3));
    }
  }

  private static double value(
      ActionDistribution distribution,
      float[] outputs,
      PpoMinibatch minibatch,
      PpoLoss.Coefficients coefficients) {
    PpoLoss.Measurements loss = new PpoLoss.Measurements();
    new PpoLoss(distribution)
        .gradient(outputs, minibatch, 1, coefficients, new float[outputs.length], loss);
    return loss.policyLoss()
        - coefficients.entropy() * loss.entropy()
        + coefficients.value() * loss.valueLoss();
  }

  private static PpoMinibatch minibatch(
      Experience experience, int rows, float[] advantages, float[] returns) {
    var policy =
        ActorCritic.policy(
            Box.of(0, 1, 1),
            Box.of(-1, 1, experience.shape.actionSize()),
            NetworkConfig.defaults(),
            0);
    PpoMinibatch minibatch =
        new PpoMinibatch(
            new LearnerSetup(policy, NetworkEngine.AUTO, 1, 1, 0, null, new Pcg64(1)), rows);
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = i;
    }
    minibatch.gather(experience, advantages, returns, order, 0, rows);
    return minibatch;
  }

  private static Experience experience(int steps, int actionSize) {
    List<ExperienceShape.Column> columns =
        List.of(
            new ExperienceShape.Column(SamplingActor.LOG_PROBABILITY, 1, false),
            new ExperienceShape.Column(SamplingActor.VALUE, 1, true));
    return new Experience(new ExperienceShape(1, actionSize, 0, columns), steps, 1);
  }
}
