package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ActionDistribution} promises. Rows lie inside larger arrays that hold NaN
 * everywhere else, so that a read beside the row shows.
 */
public abstract class ActionDistributionContract {
  private static final int OFFSET = 3;
  private static final int SAMPLES = 20_000;

  private final SplittableRandom random = new SplittableRandom(17);

  /** The distribution under test. */
  protected abstract ActionDistribution distribution();

  /** Parameters as large as a network may sensibly put out before training is lost. */
  protected abstract float[] extremeParameters();

  /** False where {@code mode} is by convention another action than the most likely one. */
  protected boolean modeIsMostLikely() {
    return true;
  }

  /** Random parameters are uniform in ± this. */
  protected double ordinarySize() {
    return 1.5;
  }

  private float[] member() {
    float[] row = new float[distribution().parameters()];
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) random.nextDouble(-ordinarySize(), ordinarySize());
    }
    return inside(row);
  }

  private static float[] inside(float[] row) {
    float[] array = new float[OFFSET + row.length + OFFSET];
    Arrays.fill(array, Float.NaN);
    System.arraycopy(row, 0, array, OFFSET, row.length);
    return array;
  }

  private float[] draw(float[] parameters) {
    float[] action = inside(new float[distribution().actionSize()]);
    distribution().sample(parameters, OFFSET, random, action, OFFSET);
    return action;
  }

  private double logProbability(float[] parameters, float[] action) {
    return distribution().logProbability(parameters, OFFSET, action, OFFSET);
  }

  /** Mean of a function of drawn actions, held against a value within 4.5 standard errors. */
  private void checkMean(float[] parameters, ToDoubleFunction<float[]> function, double expected) {
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < SAMPLES; i++) {
      double x = function.applyAsDouble(draw(parameters));
      sum += x;
      squares += x * x;
    }
    double mean = sum / SAMPLES;
    double error = Math.sqrt(Math.max(0, squares / SAMPLES - mean * mean) / SAMPLES);
    assertThat(mean).isCloseTo(expected, within(4.5 * error + 1e-4));
  }

  private void checkGradient(
      float[] parameters, float[] gradient, ToDoubleFunction<float[]> function) {
    float step = 1e-2f;
    for (int i = OFFSET; i < OFFSET + distribution().parameters(); i++) {
      float[] up = parameters.clone();
      float[] down = parameters.clone();
      up[i] += step;
      down[i] -= step;
      double slope =
          (function.applyAsDouble(up) - function.applyAsDouble(down)) / ((double) up[i] - down[i]);
      assertThat((double) gradient[i]).isCloseTo(slope, within(2e-3 * (1 + Math.abs(slope))));
    }
  }

  @Test
  void entropyIsMinusTheMeanLogProbability() {
    for (int round = 0; round < 3; round++) {
      float[] p = member();
      checkMean(p, action -> -logProbability(p, action), distribution().entropy(p, OFFSET));
    }
  }

  @Test
  void divergenceIsTheMeanLogRatio() {
    for (int round = 0; round < 3; round++) {
      float[] p = member();
      float[] q = member();
      checkMean(
          p,
          action -> logProbability(p, action) - logProbability(q, action),
          distribution().divergence(p, OFFSET, q, OFFSET));
    }
  }

  @Test
  void divergenceIsZeroFromItselfAndNeverNegative() {
    for (int round = 0; round < 100; round++) {
      float[] p = member();
      assertThat(distribution().divergence(p, OFFSET, p, OFFSET)).isCloseTo(0, within(1e-6f));
      assertThat(distribution().divergence(p, OFFSET, member(), OFFSET)).isNotNegative();
    }
  }

  @Test
  void logProbabilityGradientAgreesWithFiniteDifferences() {
    for (int round = 0; round < 20; round++) {
      float[] p = member();
      float[] action = draw(p);
      float[] gradient = inside(new float[distribution().parameters()]);
      distribution().addLogProbabilityGradient(p, OFFSET, action, OFFSET, 1, gradient, OFFSET);
      checkGradient(p, gradient, parameters -> logProbability(parameters, action));
    }
  }

  @Test
  void entropyGradientAgreesWithFiniteDifferences() {
    for (int round = 0; round < 20; round++) {
      float[] p = member();
      float[] gradient = inside(new float[distribution().parameters()]);
      distribution().addEntropyGradient(p, OFFSET, 1, gradient, OFFSET);
      checkGradient(p, gradient, parameters -> distribution().entropy(parameters, OFFSET));
    }
  }

  @Test
  void gradientsAreScaledAndAddedToWhatIsThere() {
    ActionDistribution d = distribution();
    float[] p = member();
    float[] action = draw(p);
    float[] once = inside(new float[d.parameters()]);
    d.addLogProbabilityGradient(p, OFFSET, action, OFFSET, 1, once, OFFSET);
    d.addEntropyGradient(p, OFFSET, 1, once, OFFSET);
    float[] twice = inside(new float[d.parameters()]);
    for (int i = 0; i < 2; i++) {
      d.addLogProbabilityGradient(p, OFFSET, action, OFFSET, -3, twice, OFFSET);
      d.addEntropyGradient(p, OFFSET, -3, twice, OFFSET);
    }
    for (int i = OFFSET; i < OFFSET + d.parameters(); i++) {
      assertThat(twice[i]).isCloseTo(-6 * once[i], within(1e-4f));
    }
  }

  @Test
  void evaluationAgreesWithThePartsOneByOne() {
    ActionDistribution d = distribution();
    for (int round = 0; round < 20; round++) {
      float[] p = member();
      float[] action = draw(p);
      float[] evaluation = inside(new float[d.evaluationSize()]);
      Arrays.fill(evaluation, Float.NaN);
      d.evaluate(p, OFFSET, action, OFFSET, evaluation, OFFSET);
      assertThat((double) evaluation[OFFSET]).isCloseTo(logProbability(p, action), within(1e-5));
      assertThat(evaluation[OFFSET + 1]).isCloseTo(d.entropy(p, OFFSET), within(1e-5f));

      float[] gradient = inside(new float[d.parameters()]);
      d.addGradient(p, OFFSET, action, OFFSET, evaluation, OFFSET, 2, .5f, gradient, OFFSET);
      float[] expected = inside(new float[d.parameters()]);
      d.addLogProbabilityGradient(p, OFFSET, action, OFFSET, 2, expected, OFFSET);
      d.addEntropyGradient(p, OFFSET, .5f, expected, OFFSET);
      for (int i = OFFSET; i < OFFSET + d.parameters(); i++) {
        assertThat(gradient[i]).isCloseTo(expected[i], within(1e-5f * (1 + Math.abs(expected[i]))));
      }
    }
  }

  @Test
  void noDrawnActionIsMoreLikelyThanTheMode() {
    float[] p = member();
    float[] mode = inside(new float[distribution().actionSize()]);
    distribution().mode(p, OFFSET, mode, OFFSET);
    double best = logProbability(p, mode);
    assertThat(best).isFinite();
    for (int i = 0; modeIsMostLikely() && i < 1000; i++) {
      assertThat(logProbability(p, draw(p))).isLessThanOrEqualTo(best);
    }
  }

  @Test
  void aParameterThatIsNaNHasNoMode() {
    for (int bad = 0; bad < distribution().actionSize(); bad++) {
      float[] p = member();
      p[OFFSET + bad] = Float.NaN;
      float[] action = inside(new float[distribution().actionSize()]);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> distribution().mode(p, OFFSET, action, OFFSET))
          .withMessageContaining("NaN; look for NaN in the network's outputs");
    }
  }

  @Test
  void everythingStaysFiniteAtExtremeParameters() {
    ActionDistribution d = distribution();
    float[] p = inside(extremeParameters());
    for (int round = 0; round < 100; round++) {
      float[] action = draw(p);
      float[] gradient = new float[d.parameters()];
      d.addLogProbabilityGradient(p, OFFSET, action, OFFSET, 1, gradient, 0);
      d.addEntropyGradient(p, OFFSET, 1, gradient, 0);
      float[] evaluation = new float[d.evaluationSize()];
      d.evaluate(p, OFFSET, action, OFFSET, evaluation, 0);
      d.addGradient(p, OFFSET, action, OFFSET, evaluation, 0, 1, 1, gradient, 0);
      assertThat(logProbability(p, action)).isFinite();
      assertThat(d.entropy(p, OFFSET)).isFinite();
      assertThat(d.divergence(p, OFFSET, p, OFFSET)).isCloseTo(0, within(1e-6f));
      for (float x : gradient) {
        assertThat(x).isFinite();
      }
      for (float x : evaluation) {
        assertThat(x).isFinite();
      }
    }
  }

  @Test
  void theSameSeedDrawsTheSameActions() {
    float[] p = member();
    float[] one = inside(new float[distribution().actionSize()]);
    float[] two = one.clone();
    distribution().sample(p, OFFSET, new SplittableRandom(5), one, OFFSET);
    distribution().sample(p, OFFSET, new SplittableRandom(5), two, OFFSET);
    assertThat(one).isEqualTo(two);
  }

  @Test
  void allocatesNothing() {
    ActionDistribution d = distribution();
    float[] p = member();
    float[] action = draw(p);
    float[] gradient = new float[d.parameters()];
    float[] evaluation = new float[d.evaluationSize()];
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = 0;
    for (int i = 0; i < 1001; i++) {
      if (i == 1) {
        before = threads.getCurrentThreadAllocatedBytes();
      }
      d.sample(p, OFFSET, random, action, OFFSET);
      d.mode(p, OFFSET, gradient, 0);
      d.addLogProbabilityGradient(p, OFFSET, action, OFFSET, 1, gradient, 0);
      d.addEntropyGradient(p, OFFSET, 1, gradient, 0);
      d.evaluate(p, OFFSET, action, OFFSET, evaluation, 0);
      d.addGradient(p, OFFSET, action, OFFSET, evaluation, 0, 1, 1, gradient, 0);
      d.divergence(p, OFFSET, p, OFFSET);
    }
    long after = threads.getCurrentThreadAllocatedBytes();
    // Less than one byte a call; the odd allocation is the JVM's own.
    assertThat(after - before).isLessThan(1000);
  }

  @Test
  void travelsThroughSerialisation() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(distribution());
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      Object copy = in.readObject();
      assertThat(copy).isEqualTo(distribution()).hasSameHashCodeAs(distribution());
      assertThat(copy).hasToString(distribution().toString());
    }
  }
}
