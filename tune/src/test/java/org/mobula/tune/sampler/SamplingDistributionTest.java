package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.distribution.UniformRealDistribution;
import org.apache.commons.math3.stat.inference.ChiSquareTest;
import org.apache.commons.math3.stat.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;

/** What samplers draw before they know anything, by χ² and Kolmogorov–Smirnov tests. */
class SamplingDistributionTest {
  private static final int DRAWS = 2000;

  /** Seeds are fixed, so that a test that passes goes on passing. */
  private static final double SIGNIFICANCE = 0.001;

  private enum Source {
    RANDOM,
    SOBOL,
    HALTON;

    double[] draw(Parameter parameter) {
      Sampler sampler =
          switch (this) {
            case RANDOM -> new RandomSampler();
            case SOBOL -> QuasiRandomSampler.sobol();
            case HALTON -> QuasiRandomSampler.halton();
          };
      // Second in the space, so that quasi-random numbers are not those of the simplest dimension.
      SearchSpace space = SearchSpace.of(FloatParameter.uniform("first", 0, 1), parameter);
      double[] draws = new double[DRAWS];
      try (Journal journal = Journal.inMemory()) {
        StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
        for (int i = 0; i < DRAWS; i++) {
          Suggestion suggestion =
              sampler.suggest(new SamplingRequest(study, space, i, 0, SeedSequence.of(3)));
          draws[i] = suggestion.values().getOrDefault(parameter.name(), Double.NaN);
          journal.enqueue(study, suggestion.attributes());
        }
      }
      return draws;
    }
  }

  private static void assertUniform(double[] draws, DoubleUnaryOperator share) {
    double[] shares = new double[draws.length];
    for (int i = 0; i < draws.length; i++) {
      shares[i] = share.applyAsDouble(draws[i]);
    }
    double p =
        new KolmogorovSmirnovTest()
            .kolmogorovSmirnovTest(new UniformRealDistribution(0, 1), shares);
    assertThat(p).isGreaterThan(SIGNIFICANCE);
  }

  private static void assertFrequencies(
      double[] draws, double[] probabilities, double low, double step) {
    long[] counts = new long[probabilities.length];
    double[] expected = new double[probabilities.length];
    for (double draw : draws) {
      counts[(int) Math.rint((draw - low) / step)]++;
    }
    for (int i = 0; i < expected.length; i++) {
      expected[i] = probabilities[i] * draws.length;
    }
    assertThat(new ChiSquareTest().chiSquareTest(expected, counts)).isGreaterThan(SIGNIFICANCE);
  }

  private static double[] equal(int count) {
    double[] probabilities = new double[count];
    Arrays.fill(probabilities, 1.0 / count);
    return probabilities;
  }

  @ParameterizedTest
  @EnumSource
  void drawsEveryKindOfParameterEvenly(Source source) {
    assertUniform(source.draw(FloatParameter.uniform("x", -2, 3)), x -> (x + 2) / 5);
    assertUniform(
        source.draw(FloatParameter.log("x", 1e-4, 10)), x -> Math.log(x / 1e-4) / Math.log(1e5));
    assertFrequencies(source.draw(FloatParameter.stepped("x", 0.5, 2, 0.25)), equal(7), 0.5, 0.25);
    assertFrequencies(source.draw(IntParameter.uniform("x", -4, 5)), equal(10), -4, 1);
    assertFrequencies(source.draw(IntParameter.stepped("x", 2, 20, 3)), equal(7), 2, 3);
    assertFrequencies(
        source.draw(CategoricalParameter.of("x", "a", "b", "c", "d", "e")), equal(5), 0, 1);
    double[] logarithmic = new double[8];
    for (int i = 0; i < logarithmic.length; i++) {
      logarithmic[i] = Math.log((i + 1.5) / (i + 0.5)) / Math.log(8.5 / 0.5);
    }
    assertFrequencies(source.draw(IntParameter.log("x", 1, 8)), logarithmic, 1, 1);
  }

  /** Draws from an estimator have the density that it says. */
  @ParameterizedTest
  @MethodSource("mixtures")
  void drawsFromAnEstimatorAsItsDensitySays(Mixture mixture) {
    double[][] observations = {
      mixture.observations.stream().mapToDouble(Double::doubleValue).toArray()
    };
    ParzenEstimator estimator =
        new ParzenEstimator(
            List.of(mixture.parameter),
            observations,
            TpeReferenceTest.orders(observations),
            ParzenEstimator.weightsByAge(mixture.observations.size()));
    double[][] points = estimator.sample(new Pcg64(8), DRAWS);
    double[] draws = new double[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      draws[i] = points[i][0];
    }
    if (mixture.parameter.cardinality() < Long.MAX_VALUE) {
      double[] probabilities = new double[(int) mixture.parameter.cardinality()];
      for (int i = 0; i < probabilities.length; i++) {
        probabilities[i] = Math.exp(estimator.logDensity(new double[] {mixture.parameter.at(i)}));
      }
      double low = mixture.parameter.at(0);
      assertFrequencies(draws, probabilities, low, mixture.parameter.at(1) - low);
    } else {
      assertUniform(draws, x -> integral(estimator, mixture.parameter, x));
    }
  }

  record Mixture(Parameter parameter, List<Double> observations) {
    Mixture(Parameter parameter, double... observations) {
      this(parameter, Arrays.stream(observations).boxed().toList());
    }
  }

  static List<Mixture> mixtures() {
    return List.of(
        new Mixture(FloatParameter.uniform("x", -1, 1)),
        new Mixture(FloatParameter.uniform("x", -1, 1), -1, -0.9, 0.3, 0.35),
        new Mixture(FloatParameter.log("x", 0.01, 10), 0.01, 0.02, 3),
        new Mixture(FloatParameter.stepped("x", 0, 1, 0.125), 0, 0.25, 0.25),
        new Mixture(IntParameter.uniform("x", 1, 6)),
        new Mixture(IntParameter.log("x", 1, 12), 1, 2, 7),
        new Mixture(CategoricalParameter.of("x", "a", "b", "c"), 0, 1, 1));
  }

  /** The share of the density below a number, by the midpoint rule. */
  private static double integral(ParzenEstimator estimator, Parameter parameter, double x) {
    FloatParameter number = (FloatParameter) parameter;
    double low = number.log() ? Math.log(number.low()) : number.low();
    double width = ((number.log() ? Math.log(x) : x) - low) / 200;
    double sum = 0;
    for (int i = 0; i < 200; i++) {
      double middle = low + (i + 0.5) * width;
      sum +=
          width
              * Math.exp(
                  estimator.logDensity(new double[] {number.log() ? Math.exp(middle) : middle}));
    }
    return Math.min(1, sum);
  }
}
