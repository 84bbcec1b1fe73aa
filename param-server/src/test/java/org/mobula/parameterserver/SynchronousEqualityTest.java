package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.parameters.LocalParameterStore;
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
