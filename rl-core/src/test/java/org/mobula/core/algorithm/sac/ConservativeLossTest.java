package org.mobula.core.algorithm.sac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.distribution.SquashedGaussian;
import org.mobula.core.random.Pcg64;

class ConservativeLossTest {
  /**
   * In numpy: z = [1, 2, 3] − [−log 2, −1, 0] = [1.6931472, 3, 3]; log(exp(z).sum()) = 3.8200752,
   * so with a recorded value of 2 and a weight of 5 the loss is 9.1003760; the shares are exp(z −
   * 3.8200752) = [.1192029, .4403985, .4403985].
   */
  @Test
  void holdsOtherValuesDown() {
    ConservativeLoss loss = new ConservativeLoss(1, 1, 1, 5);
    float[] values = {2};
    float[] samples = {1, 2, 3};
    float[] logs = {(float) -Math.log(2), -1, 0};
    float[] gradients = {0.25f};
    float[] sampleGradients = new float[3];
    double sum = loss.gradient(values, samples, logs, 1, 1, gradients, sampleGradients);
    double logSum = Math.log(Math.exp(1 + Math.log(2)) + 2 * Math.exp(3));
    assertThat(sum).isCloseTo(5 * (logSum - 2), within(1e-5));
    assertThat(gradients[0]).as("added").isCloseTo(0.25f - 5, within(1e-6f));
    double[] expected = {1 + Math.log(2), 3, 3};
    for (int i = 0; i < 3; i++) {
      assertThat((double) sampleGradients[i])
          .isCloseTo(5 * Math.exp(expected[i] - logSum), within(1e-5));
    }
    FiniteDifferences.check(
        samples,
        sampleGradients,
        () -> loss.gradient(values, samples, logs, 1, 1, new float[1], new float[3]),
        1e-3);
  }

  @Test
  void drawsActionsOfThreeKinds() {
    ConservativeLoss loss = new ConservativeLoss(2, 1, 4, 1);
    float[] noise = new float[2 * loss.samples() * 2];
    loss.draw(new Pcg64(1), noise);
    float[] actions = new float[noise.length];
    float[] logs = new float[2 * loss.samples()];
    float[] here = {0.1f, 0.2f, -1, -1, 0, 0, 0, 0};
    float[] next = {-2, 2, -2, -2, 0, 0, 0, 0};
    loss.act(ConservativeLoss.Kind.NEXT, next, 2, noise, actions, logs);
    loss.act(ConservativeLoss.Kind.HERE, here, 2, noise, actions, logs);
    loss.act(ConservativeLoss.Kind.UNIFORM, here, 2, noise, actions, logs);
    SquashedGaussian distribution = new SquashedGaussian(2);
    for (int sample = 0; sample < 12; sample++) {
      double expected =
          sample < 4
              ? -2 * Math.log(2)
              : distribution.logProbability(sample < 8 ? here : next, 0, actions, 2 * sample);
      assertThat((double) logs[sample]).as("sample " + sample).isCloseTo(expected, within(1e-3));
      assertThat(actions[2 * sample]).isBetween(-1f, 1f);
    }
    assertThat(actions[16]).as("of the next policy").isLessThan(-0.5f);
  }
}
