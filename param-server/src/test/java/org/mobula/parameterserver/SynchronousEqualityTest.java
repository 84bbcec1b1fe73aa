package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.Shards.Setup;

/** Synchronous training through shards has the bits of training with one store in the process. */
class SynchronousEqualityTest {
  private static final int STEPS = 50;

  record Case(OptimizerConfig optimizer, double maxGradientNorm, int workers, int shards) {}

  static Stream<Case> cases() {
    Map<String, Group> groups = Map.of("log_std", new Group(0.5, 0.1));
    List<OptimizerConfig> optimizers =
        List.of(
            Sgd.defaults(),
            new Sgd(0.9, 0, true, 0.01, groups),
            new Sgd(0.9, 0.1, false, 0, Map.of()),
            RmsProp.defaults(),
            new RmsProp(0.95, 1e-5, 0.5, true, 0.01, groups),
            Adam.defaults(),
            new AdamW(0.9, 0.999, 1e-5, 0.01, true, groups));
    List<Case> cases = new ArrayList<>();
    for (OptimizerConfig optimizer : optimizers) {
      for (double maxGradientNorm : new double[] {0, 0.5}) {
        for (int workers = 1; workers <= 4; workers++) {
          cases.add(new Case(optimizer, maxGradientNorm, workers, 1 + workers % 3));
        }
      }
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void hasTheBitsOfTheMeanPushedToOneStore(Case given) throws Exception {
    float[] initial = Gradients.of(0, 0);
    LocalParameterStore local =
        new LocalParameterStore(Shards.LAYOUT, initial, given.optimizer, given.maxGradientNorm);
    Shards shards =
        Setup.of(given.shards)
            .optimizer(given.optimizer)
            .maxGradientNorm(given.maxGradientNorm)
            .start(initial);
    List<ServerParameterStore> stores = new ArrayList<>();
    for (int worker = 0; worker < given.workers; worker++) {
      stores.add(shards.worker(Shards.LAYOUT, worker));
    }
    ExecutorService threads = Executors.newFixedThreadPool(given.workers);
    try {
      List<Future<List<Double>>> norms = new ArrayList<>();
      for (ServerParameterStore store : stores) {
        norms.add(threads.submit(() -> train(store)));
      }
      List<Double> expected = new ArrayList<>();
      for (int step = 1; step <= STEPS; step++) {
        expected.add(local.push(Gradients.mean(given.workers, step), rate(step)));
      }
      for (Future<List<Double>> each : norms) {
        assertThat(each.get()).isEqualTo(expected);
      }
      assertSame(stores.get(0).save(), local.save());
      for (ServerParameterStore store : stores) {
        assertThat(store.snapshot().values()).isEqualTo(local.snapshot().values());
        assertThat(store.snapshot().version()).isEqualTo(STEPS);
      }
    } finally {
      threads.shutdownNow();
      stores.forEach(ServerParameterStore::close);
    }
  }

  private static List<Double> train(ServerParameterStore store) {
    List<Double> norms = new ArrayList<>();
    float[] pulled = new float[Shards.LAYOUT.size()];
    for (int step = 1; step <= STEPS; step++) {
      assertThat(store.pull(pulled)).isEqualTo(step - 1);
      norms.add(store.push(Gradients.of(store.worker(), step), rate(step)));
    }
    return norms;
  }

  /** Three critics' steps to two of the policy, over shards that hold parts of both. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void stepsOfNetworksHaveTheBitsOfOneStore(int workers) throws Exception {
    ParameterLayout critics = new ParameterLayout.Builder().add("0.weight", 70, 90).build();
    ParameterLayout model = Shards.LAYOUT.with("critics", critics);
    float[] initial = Arrays.copyOf(Gradients.of(0, 0), model.size());
    OptimizerConfig adam = new AdamW(0.9, 0.999, 1e-5, 0.01, true, Map.of());
    LocalParameterStore local = new LocalParameterStore(model, initial, adam, 0.5);
    Shards shards = Setup.of(2).layout(model).optimizer(adam).maxGradientNorm(0.5).start(initial);
    List<ServerParameterStore> stores = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      stores.add(shards.worker(model, worker));
    }
    ExecutorService threads = Executors.newFixedThreadPool(workers);
    try {
      List<Future<List<Double>>> norms = new ArrayList<>();
      for (ServerParameterStore store : stores) {
        norms.add(threads.submit(() -> pushInTurn(store, critics.size(), List.of(store.worker()))));
      }
      List<Integer> all = IntStream.range(0, workers).boxed().toList();
      List<Double> expected = pushInTurn(local, critics.size(), all);
      for (Future<List<Double>> each : norms) {
        assertThat(each.get()).isEqualTo(expected);
      }
      assertSame(stores.get(0).save(), local.save());
      StoreState saved = local.save();
      stores.get(0).restore(saved);
      assertSame(stores.get(0).save(), saved);
    } finally {
      threads.shutdownNow();
      stores.forEach(ServerParameterStore::close);
    }
  }

  /** What one store is pushed is the mean of what the workers push. */
  private static List<Double> pushInTurn(ParameterStore store, int size, List<Integer> workers) {
    List<Double> norms = new ArrayList<>();
    for (int step = 1; step <= STEPS; step++) {
      boolean ofCritics = step % 5 < 3;
      float[] mean = new float[ofCritics ? size : Shards.LAYOUT.size()];
      for (int worker : workers) {
        float[] gradient = Gradients.of(worker, step);
        for (int i = 0; i < mean.length; i++) {
          mean[i] += gradient[i];
        }
      }
      float factor = (float) (1.0 / workers.size());
      for (int i = 0; i < mean.length && workers.size() > 1; i++) {
        mean[i] *= factor;
      }
      String network = ofCritics ? "critics" : ParameterLayout.POLICY;
      float[] values = new float[mean.length];
      norms.add(store.pushPull(network, mean, rate(step), values));
    }
    return norms;
  }

  private static double rate(int step) {
    return 0.01 / step;
  }

  static void assertSame(StoreState actual, StoreState expected) {
    assertThat(actual.parameters().version()).isEqualTo(expected.parameters().version());
    assertThat(actual.parameters().values()).isEqualTo(expected.parameters().values());
    assertThat(actual.optimizerSteps()).isEqualTo(expected.optimizerSteps());
    assertThat(actual.moments()).containsOnlyKeys(expected.moments().keySet());
    expected
        .moments()
        .forEach((name, values) -> assertThat(actual.moments().get(name)).isEqualTo(values));
  }
}
