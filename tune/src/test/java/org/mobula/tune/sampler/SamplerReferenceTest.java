package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Holds what samplers compute against what {@code sampler_reference.py} recorded of others. */
class SamplerReferenceTest {
  private static JsonNode recorded() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            SamplerReferenceTest.class.getResourceAsStream("sampler-reference.json"))) {
      return new ObjectMapper().readTree(in);
    }
  }

  private static double[] numbers(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private static double[][] rows(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false)
        .map(SamplerReferenceTest::numbers)
        .toArray(double[][]::new);
  }

  private static double evolutionPoint(int generation, int k, int i) {
    return 0.5 + ((37 * generation + 17 * k + 29 * i * i + 11 * k * i) % 101 - 50) / 300.0;
  }

  @Test
  void evolvesAsCmaesDoes() throws IOException {
    for (JsonNode evolution : recorded().get("evolutions")) {
      int dimensions = evolution.get("dimensions").asInt();
      int populationSize = evolution.get("population-size").asInt();
      double[] mean = new double[dimensions];
      Arrays.fill(mean, 0.5);
      CmaEs cma = new CmaEs(mean, 1.0 / 6, populationSize);
      JsonNode constants = evolution.get("constants");
      assertThat(cma.weights).containsExactly(numbers(constants.get("weights")), within(1e-12));
      assertThat(
              new double[] {
                cma.muEffective, cma.c1, cma.cMu, cma.cSigma, cma.dSigma, cma.cC, cma.chi
              })
          .containsExactly(
              numbers(constants, "mu-effective", "c1", "c-mu", "c-sigma", "d-sigma", "c-c", "chi"),
              within(1e-12));
      for (JsonNode expected : evolution.get("generations")) {
        double[][] points = new double[populationSize][dimensions];
        for (int k = 0; k < populationSize; k++) {
          for (int i = 0; i < dimensions; i++) {
            points[k][i] = evolutionPoint(cma.generation, k, i);
          }
        }
        cma = cma.after(points, 0, populationSize - 1);
        assertThat(cma.sigma).isCloseTo(expected.get("sigma").asDouble(), within(1e-9));
        assertThat(cma.mean).containsExactly(numbers(expected.get("mean")), within(1e-9));
        assertThat(cma.sigmaPath)
            .containsExactly(numbers(expected.get("sigma-path")), within(1e-9));
        assertThat(cma.covariancePath)
            .containsExactly(numbers(expected.get("covariance-path")), within(1e-9));
        for (int i = 0; i < dimensions; i++) {
          assertThat(cma.covariance[i])
              .containsExactly(numbers(expected.get("covariance").get(i)), within(1e-9));
        }
      }
    }
  }

  private static double[] numbers(JsonNode node, String... names) {
    return Arrays.stream(names).mapToDouble(name -> node.get(name).asDouble()).toArray();
  }

  @Test
  void gaussianProcessAndItsLikelihoodAreOptunas() throws IOException {
    JsonNode expected = recorded().get("gaussian-process");
    double[][] points = rows(expected.get("points"));
    double[] values = numbers(expected.get("values"));
    double[] kernel = numbers(expected.get("kernel"));
    boolean[] categorical = {false, false, false, true};
    double[] gradient = new double[kernel.length];
    double loss = new GaussianProcess.Loss(categorical, points, values).at(kernel, gradient);
    assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(1e-8));
    assertThat(gradient).containsExactly(numbers(expected.get("loss-gradient")), within(1e-8));
    GaussianProcess process = new GaussianProcess(categorical, points, values, kernel);
    GaussianProcess.Belief belief = new GaussianProcess.Belief(4);
    double[][] asked = rows(expected.get("asked"));
    for (int i = 0; i < asked.length; i++) {
      process.predictWithGradient(asked[i], belief);
      assertThat(belief.mean).isCloseTo(expected.get("mean").get(i).asDouble(), within(1e-8));
      assertThat(belief.deviation)
          .isCloseTo(expected.get("deviation").get(i).asDouble(), within(1e-8));
      assertThat(belief.meanGradient)
          .containsExactly(numbers(expected.get("mean-gradient").get(i)), within(1e-8));
      assertThat(belief.deviationGradient)
          .containsExactly(numbers(expected.get("deviation-gradient").get(i)), within(1e-8));
    }
  }

  @Test
  void expectedImprovementIsStableInItsTails() throws IOException {
    for (JsonNode expected : recorded().get("expected-improvement")) {
      double z = expected.get("z").asDouble();
      assertClose(ExpectedImprovement.log(z), expected.get("log").asDouble());
      assertClose(ExpectedImprovement.slope(z), expected.get("slope").asDouble());
      assertClose(ExpectedImprovement.logCumulative(z), expected.get("log-cumulative").asDouble());
      assertClose(
          ExpectedImprovement.logCumulativeSlope(z),
          expected.get("log-cumulative-slope").asDouble());
    }
  }

  private static void assertClose(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(1e-11 * Math.max(1e-4, Math.abs(expected))));
  }

  @Test
  void powerTransformIsScipys() throws IOException {
    JsonNode expected = recorded().get("power-transform");
    assertThat(PowerTransform.normalize(numbers(expected.get("values"))))
        .containsExactly(numbers(expected.get("normalized")), within(0.02));
  }
}
