package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ProductDistributionTest {
  @Nested
  class OfGaussiansAndChoices extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new ProductDistribution(
          List.of(
              new DiagonalGaussian(1),
              new Categorical(3),
              new DiagonalGaussian(2),
              new Bernoulli(1)));
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {1e4f, 40, -40, 0, -1e4f, 0, 30, -5, 10, -10};
    }
  }

  private final ProductDistribution product =
      new ProductDistribution(List.of(new DiagonalGaussian(2), new Categorical(2)));
  private final float[] row = {0.5f, -1, 0.2f, 0.7f, -0.3f, 0.4f};

  @Test
  void addsUpWhatItsPartsSay() {
    DiagonalGaussian gaussian = new DiagonalGaussian(2);
    Categorical categorical = new Categorical(2);
    float[] gaussianRow = {0.5f, -1, -0.3f, 0.4f};
    float[] logits = {0.2f, 0.7f};
    float[] action = {0.1f, 0.2f, 1};
    assertThat(product.parameters()).isEqualTo(6);
    assertThat(product.actionSize()).isEqualTo(3);
    assertThat(product.logProbability(row, 0, action, 0))
        .isCloseTo(
            gaussian.logProbability(gaussianRow, 0, action, 0)
                + categorical.logProbability(logits, 0, action, 2),
            within(1e-6f));
    assertThat(product.entropy(row, 0))
        .isCloseTo(
            gaussian.entropy(gaussianRow, 0) + categorical.entropy(logits, 0), within(1e-6f));
    float[] mode = new float[3];
    product.mode(row, 0, mode, 0);
    assertThat(mode).containsExactly(0.5f, -1, 1);
  }

  @Test
  void needsParts() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ProductDistribution(List.of()))
        .withMessage("a product needs at least one part");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DiagonalGaussian(2, 1))
        .withMessage("deviationsAt is 1 but there are 2 means before it");
  }
}
