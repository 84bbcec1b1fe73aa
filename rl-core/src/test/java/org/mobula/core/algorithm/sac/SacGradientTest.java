package org.mobula.core.algorithm.sac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.TransitionBatches;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** The whole way from a minibatch to the gradients at the parameters of each network. */
class SacGradientTest {
  private static final int ROWS = 6;
  private static final int FEATURES = 3;
  private static final float TEMPERATURE = 0.4f;

  private final SacConfig config = SacConfig.defaults();
  private final NetworkConfig network = NetworkConfig.defaults().withHidden(List.of(5));

  static List<Space> spaces() {
    return List.of(new Discrete(3), Box.of(-1, 1, 2));
  }

  /** What the parts of a minibatch are computed at. */
  private final class Point implements AutoCloseable {
    final SacGradient part;
    final float[] policy;
    final float[] critics;
    float temperature = TEMPERATURE;

    Point(Space actions) {
      this(actions, null);
    }

    Point(Space actions, @Nullable ConservativeLoss conservative) {
      PolicySpec spec = config.policy(Box.unbounded(FEATURES), actions, network);
      LearnerSetup setup =
          new LearnerSetup(
              spec,
              config.networks(spec, network),
              NetworkEngine.AUTO,
              1,
              1,
              0,
              null,
              new Pcg64(1));
      part =
          new SacGradient(
              config, conservative, setup, TransitionBatches.random(ROWS, FEATURES, actions), ROWS);
      policy = FiniteDifferences.numbers(spec.network().layout().size(), 2);
      int size = setup.network(SacConfig.CRITICS).layout().size();
      critics = FiniteDifferences.numbers(size, 3);
      part.target.set(FiniteDifferences.numbers(size, 4));
      int noise = actions instanceof Discrete ? 0 : 2 * ROWS * actions.size();
      part.gather(0, ROWS, FiniteDifferences.numbers(noise, 5));
      if (conservative != null) {
        float[] samples = new float[ROWS * conservative.samples() * actions.size()];
        conservative.draw(new Pcg64(6), samples);
        part.gatherSamples(samples);
      }
    }

    double criticLoss() {
      part.policy.set(policy);
      part.critics.set(critics);
      part.turnToCritics(temperature);
      part.compute(critics, ROWS);
      return (part.criticLossSum() + part.conservativeLossSum()) / ROWS;
    }

    double policyLoss() {
      criticLoss();
      part.turnToPolicy();
      part.compute(policy, ROWS);
      return part.policyLossSum() / ROWS;
    }

    /** The gradient of a loss at the present point. */
    float[] gradient(DoubleSupplier loss) {
      assertThat(loss.getAsDouble()).isFinite();
      return part.gradient().clone();
    }

    @Override
    public void close() {
      part.close();
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void agreeWithFiniteDifferences(Space actions) {
    try (Point point = new Point(actions)) {
      float[] critics = point.gradient(point::criticLoss);
      FiniteDifferences.check(point.critics, critics, point::criticLoss, 2e-3);
      float[] policy = point.gradient(point::policyLoss);
      FiniteDifferences.check(point.policy, policy, point::policyLoss, 2e-3);
    }
  }

  @Test
  void holdingValuesDownAgreesWithFiniteDifferences() {
    try (Point point = new Point(Box.of(-1, 1, 2), new ConservativeLoss(2, 2, 3, 1.5f))) {
      float[] critics = point.gradient(point::criticLoss);
      assertThat(point.part.conservativeLossSum()).isNotZero();
      FiniteDifferences.check(point.critics, critics, point::criticLoss, 5e-3);
    }
  }

  /**
   * The actor's loss is α·log π and what does not depend on α: the temperature learns from that.
   */
  @ParameterizedTest
  @MethodSource("spaces")
  void logProbabilitiesAreTheActorsLossByTheTemperature(Space actions) {
    try (Point point = new Point(actions)) {
      float[] logProbabilities = new float[ROWS];
      point.policyLoss();
      point.part.copyLogProbabilities(logProbabilities);
      double mean = -SacLoss.temperatureGradient(logProbabilities, ROWS, 0);
      point.temperature = TEMPERATURE + 0.1f;
      double above = point.policyLoss();
      point.temperature = TEMPERATURE - 0.1f;
      assertThat(mean).isCloseTo((above - point.policyLoss()) / 0.2, within(1e-5));
    }
  }
}
