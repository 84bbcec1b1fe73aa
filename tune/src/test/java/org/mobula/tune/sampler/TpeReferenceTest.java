package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** What TPE computes on the way, against Optuna 5.0.0; see {@code tpe_reference.py}. */
class TpeReferenceTest {
  private static final double TOLERANCE = 1e-9;

  private static final SearchSpace SPACE =
      SearchSpace.of(
          FloatParameter.uniform("float", -2, 3),
          FloatParameter.log("log", 1e-5, 10),
          FloatParameter.stepped("step", 0.1, 0.9, 0.1),
          IntParameter.uniform("int", -3, 40),
          IntParameter.stepped("int-step", 2, 200, 3),
          IntParameter.log("int-log", 1, 1000),
          CategoricalParameter.of("choice", "a", "b", "c"));

  private static Iterable<JsonNode> cases(String name) throws IOException {
    try (InputStream file = TpeReferenceTest.class.getResourceAsStream("tpe-reference.json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(file)).get(name);
    }
  }

  private static double[] numbers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::doubleValue)
        .toArray();
  }

  private static double[][] rows(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .map(TpeReferenceTest::numbers)
        .toArray(double[][]::new);
  }

  /** By parameter, the places of the observations in their order. */
  static int[][] orders(double[][] observations) {
    return Arrays.stream(observations)
        .map(
            numbers ->
                IntStream.range(0, numbers.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> numbers[i]))
                    .mapToInt(i -> i)
                    .toArray())
        .toArray(int[][]::new);
  }

  @Test
  void hasTheKernelsWeightsAndDensitiesOfTheReference() throws IOException {
    for (JsonNode reference : cases("estimators")) {
      List<Parameter> parameters = new ArrayList<>();
      reference
          .get("parameters")
          .forEach(name -> parameters.add(SPACE.parameter(name.textValue()).orElseThrow()));
      double[][] observations = rows(reference.get("observations"));
      double[] weights = ParzenEstimator.weightsByAge(observations[0].length);
      if (reference.get("uniform").booleanValue()) {
        Arrays.fill(weights, 1);
      }
      ParzenEstimator estimator =
          new ParzenEstimator(parameters, observations, orders(observations), weights);
      String place = parameters + " with " + observations[0].length;
      double[] expectedWeights = numbers(reference.get("weights"));
      for (int i = 0; i < expectedWeights.length; i++) {
        assertThat(Math.exp(estimator.logWeights()[i]))
            .as(place)
            .isCloseTo(expectedWeights[i], within(TOLERANCE));
      }
      for (int i = 0; i < parameters.size(); i++) {
        if (estimator.column(i) instanceof NumericKernels kernels) {
          assertThat(kernels.centres())
              .as(place)
              .containsExactly(numbers(reference.get("centres").get(i)), within(TOLERANCE));
          assertThat(kernels.widths())
              .as(place)
              .containsExactly(numbers(reference.get("widths").get(i)), within(TOLERANCE));
        }
      }
      double[][] points = rows(reference.get("points"));
      for (int i = 0; i < points.length; i++) {
        double expected = reference.get("log-densities").get(i).doubleValue();
        assertThat(estimator.logDensity(points[i]))
            .as(place)
            .isCloseTo(expected, within(TOLERANCE * Math.max(1, Math.abs(expected))));
      }
    }
  }

  @Test
  void dividesTrialsAsTheReference() throws IOException {
    for (JsonNode reference : cases("splits")) {
      try (Journal journal = Journal.inMemory()) {
        List<Direction> directions = new ArrayList<>();
        reference.get("directions").forEach(d -> directions.add(Direction.valueOf(d.textValue())));
        StudyRecord study = journal.createStudy("study", directions);
        for (JsonNode told : reference.get("trials")) {
          TrialRecord trial = journal.createTrial(study, Map.of(), Map.of());
          told.get("reports")
              .properties()
              .forEach(
                  report ->
                      journal.report(
                          trial, Long.parseLong(report.getKey()), report.getValue().doubleValue()));
          if (!told.get("constraints").isEmpty()) {
            journal.setSystemAttribute(
                trial,
                TrialRecord.CONSTRAINTS,
                StreamSupport.stream(told.get("constraints").spliterator(), false)
                    .map(JsonNode::doubleValue)
                    .toList());
          }
          TrialState state = TrialState.valueOf(told.get("state").textValue());
          if (state != TrialState.RUNNING) {
            journal.setState(trial, state, numbers(told.get("values")));
          }
        }
        TpeSplit split = TpeSplit.of(study);
        String place = directions + " of " + study.trials().size();
        assertThat(places(split.below())).as(place).isEqualTo(numbers(reference.get("below")));
        assertThat(places(split.above())).as(place).isEqualTo(numbers(reference.get("above")));
      }
    }
  }

  private static double[] places(List<TrialRecord> trials) {
    return trials.stream().mapToDouble(TrialRecord::number).toArray();
  }
}
