package org.mobula.core.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;

/** Holds the optimizers against what {@code record.py} recorded of PyTorch. */
class PyTorchReferenceTest {
  private static final int COUNT = 12;
  private static final ParameterLayout LAYOUT =
      new ParameterLayout.Builder().add("weight", 2, 4).group("late").add("log_std", 4).build();

  private static final Map<String, OptimizerConfig> CASES = new TreeMap<>();

  static {
    Map<String, Group> none = Map.of();
    Map<String, Group> late = Map.of("late", new Group(0.5, 0));
    CASES.put("sgd", Sgd.defaults());
    CASES.put("sgd-weight-decay", new Sgd(0, 0, false, 0.1, none));
    CASES.put("sgd-momentum", new Sgd(0.9, 0.3, false, 0.01, none));
    CASES.put("sgd-nesterov", new Sgd(0.9, 0, true, 0, none));
    CASES.put("sgd-group", new Sgd(0.9, 0, false, 0.1, late));
    CASES.put("rmsprop", RmsProp.defaults());
    CASES.put("rmsprop-weight-decay", new RmsProp(0.9, 1e-5, 0, false, 0.1, none));
    CASES.put("rmsprop-momentum", new RmsProp(0.95, 1e-5, 0.9, false, 0, none));
    CASES.put("rmsprop-centered", new RmsProp(0.9, 1e-2, 0.5, true, 0.01, none));
    CASES.put("adam", new Adam(0.9, 0.999, 1e-5, 0, false, none));
    CASES.put("adam-weight-decay", new Adam(0.8, 0.99, 1e-8, 0.1, false, none));
    CASES.put("adam-amsgrad", new Adam(0.9, 0.9, 1e-8, 0, true, none));
    CASES.put("adamw", new AdamW(0.9, 0.999, 1e-8, 0.1, false, none));
    CASES.put("adamw-amsgrad", new AdamW(0.9, 0.9, 1e-8, 0.1, true, none));
    CASES.put("adamw-group", new AdamW(0.9, 0.999, 1e-8, 0.1, false, late));
  }

  static Iterable<String> cases() {
    return CASES.keySet();
  }

  private static OptimizerConfig config(String name) {
    return Objects.requireNonNull(CASES.get(name));
  }

  private static JsonNode recorded() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            PyTorchReferenceTest.class.getResourceAsStream("/optimizer/pytorch.json"))) {
      return new ObjectMapper().readTree(in);
    }
  }

  @Test
  void everyRecordedCaseIsTested() throws IOException {
    assertThat(recorded().fieldNames())
        .toIterable()
        .filteredOn(name -> !name.equals("torch"))
        .containsExactlyInAnyOrderElementsOf(CASES.keySet());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aHundredStepsEqualPyTorchs(String name) throws IOException {
    JsonNode expected = recorded().get(name);
    Optimizer optimizer = config(name).create(LAYOUT);
    float[] parameters = start();
    for (int step = 1; step <= 100; step++) {
      optimizer.step(parameters, gradient(step), learningRate(step));
      JsonNode snapshot = expected.get("parameters").get("" + step);
      if (snapshot != null) {
        assertClose("parameters after " + step + " steps", parameters, snapshot);
      }
    }
    assertThat(optimizer.moments().keySet())
        .containsExactlyInAnyOrderElementsOf(() -> expected.get("moments").fieldNames());
    optimizer
        .moments()
        .forEach((key, values) -> assertClose(key, values, expected.get("moments").get(key)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void slicesAndARestoredCopyGoOnBitForBit(String name) {
    float[] whole = start();
    Optimizer optimizer = config(name).create(LAYOUT);
    float[] left = Arrays.copyOfRange(start(), 0, 5);
    float[] right = Arrays.copyOfRange(start(), 5, COUNT);
    Optimizer leftOptimizer = config(name).create(LAYOUT, 0, 5);
    Optimizer rightOptimizer = config(name).create(LAYOUT, 5, COUNT);
    for (int step = 1; step <= 20; step++) {
      optimizer.step(whole, gradient(step), learningRate(step));
      leftOptimizer.step(left, Arrays.copyOfRange(gradient(step), 0, 5), learningRate(step));
      rightOptimizer.step(right, Arrays.copyOfRange(gradient(step), 5, COUNT), learningRate(step));
      if (step == 10) {
        Optimizer restored = config(name).create(LAYOUT, 5, COUNT);
        restored.restore(rightOptimizer.steps(), rightOptimizer.moments());
        rightOptimizer = restored;
      }
    }
    assertThat(left).isEqualTo(Arrays.copyOfRange(whole, 0, 5));
    assertThat(right).isEqualTo(Arrays.copyOfRange(whole, 5, COUNT));
    assertThat(rightOptimizer.steps()).isEqualTo(20);
  }

  private static float[] start() {
    float[] parameters = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      parameters[i] = ((29 * i) % 23 - 11) / 16f;
    }
    return parameters;
  }

  private static float[] gradient(int step) {
    float[] gradient = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      gradient[i] = ((7 * step + 13 * i * i + 5 * i * step) % 101 - 50) / 64f;
    }
    return gradient;
  }

  private static double learningRate(int step) {
    return step <= 50 ? 0.01 : 0.002;
  }

  private static void assertClose(String what, float[] actual, JsonNode expected) {
    assertThat(expected).hasSize(actual.length);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i])
          .as("%s, number %d", what, i)
          .isCloseTo(expected.get(i).asDouble(), within(1e-6));
    }
  }
}
