package org.mobula.core.algorithm.imitation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.TransitionBatches;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

/** The whole way from a minibatch to the gradient at the network's parameters. */
class ImitationGradientTest {
  private static final int ROWS = 6;
  private static final int FEATURES = 3;
  private static final Box ACTIONS = Box.of(-1, 1, 2);
  private static final NetworkConfig NETWORK = NetworkConfig.defaults().withHidden(List.of(5));

  private static void check(PolicySpec policy, ImitationLoss loss) {
    LearnerSetup setup = new LearnerSetup(policy, NetworkEngine.AUTO, 1, 1, 0, null, new Pcg64(1));
    ReplayBatch batch = TransitionBatches.random(ROWS, FEATURES, ACTIONS);
    Arrays.fill(batch.discounts, 0); // the value of what follows is none of the gradient's
    float[] parameters = FiniteDifferences.numbers(policy.network().layout().size(), 2);
    try (ImitationGradient part = new ImitationGradient(loss, setup, batch, ROWS)) {
      part.gather(0, ROWS, 3);
      DoubleSupplier mean =
          () -> {
            part.compute(parameters, ROWS);
            return (part.policyLossSum() + 0.5 * part.valueLossSum()) / ROWS;
          };
      assertThat(mean.getAsDouble()).isFinite();
      FiniteDifferences.check(parameters, part.gradient().clone(), mean, 2e-2);
    }
  }

  @Test
  void agreesWithFiniteDifferences() {
    Box observations = Box.unbounded(FEATURES);
    BcConfig bc = BcConfig.defaults();
    check(bc.policy(observations, ACTIONS, NETWORK), new ImitationLoss.Likelihood());
    check(
        bc.withLoss(CloningLoss.SQUARED_ERROR).policy(observations, ACTIONS, NETWORK),
        new ImitationLoss.SquaredError(2));
    // With a scale the weights would depend on the values, which no gradient goes through.
    check(
        MarwilConfig.defaults().policy(observations, ACTIONS, NETWORK),
        new ImitationLoss.AdvantageWeighted(0, 20, 0.5f));
  }

  /** The policy's gradient is that of cloning, each row weighed by what its return was worth. */
  @Test
  void weighsRowsByTheirAdvantages() {
    PolicySpec policy = MarwilConfig.defaults().policy(Box.unbounded(FEATURES), ACTIONS, NETWORK);
    LearnerSetup setup = new LearnerSetup(policy, NetworkEngine.AUTO, 1, 1, 0, null, new Pcg64(1));
    ReplayBatch batch = TransitionBatches.random(1, FEATURES, ACTIONS);
    float[] parameters = FiniteDifferences.numbers(policy.network().layout().size(), 2);
    try (ImitationGradient plain =
            new ImitationGradient(new ImitationLoss.AdvantageWeighted(0, 20, 0), setup, batch, 1);
        ImitationGradient weighted =
            new ImitationGradient(new ImitationLoss.AdvantageWeighted(1, 20, 0), setup, batch, 1)) {
      plain.gather(0, 1, 3);
      weighted.gather(0, 1, 3);
      plain.compute(parameters, 1);
      weighted.compute(parameters, 1);
      double weight = weighted.weightSum();
      assertThat(weight).isNotEqualTo(1.0);
      assertThat(Math.abs(Math.log(weight)) * 3)
          .as("the advantage")
          .isCloseTo(Math.sqrt(weighted.valueLossSum()), within(1e-4));
      for (int i = 0; i < parameters.length; i++) {
        assertThat((double) weighted.gradient()[i])
            .isCloseTo(weight * plain.gradient()[i], within(1e-4));
      }
    }
  }
}
