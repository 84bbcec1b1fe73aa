package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;

/** Steady training leaves nothing lying about. */
class AllocationTest {
  private static final int WARM_UP = 400;
  private static final int MEASURED = 400;

  /** A measurement is an entry of a map and a boxed number. */
  private static final int BYTES_PER_METRIC = 64;

  private final ThreadMXBean threads =
      (ThreadMXBean) ManagementFactory.getPlatformMXBean(java.lang.management.ThreadMXBean.class);

  /** Each iteration is 256 steps. */
  @Test
  void iterationAllocatesLessThanAKilobyteBesideItsMetrics() {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(256).withEpochs(4);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1").withCount(8), ppo)
            .withStop(StopConfig.defaults().withEnvironmentSteps(256L * (WARM_UP + MEASURED)))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    long[] allocated = new long[2];
    int[] metrics = new int[1];
    Trainer.builder(config)
        .listener(
            new TrainingListener() {
              @Override
              public void onIteration(
                  TrainingProgress progress, java.util.Map<String, Double> measurements) {
                if (progress.iterations() == WARM_UP) {
                  allocated[0] = threads.getCurrentThreadAllocatedBytes();
                } else if (progress.iterations() == WARM_UP + MEASURED) {
                  metrics[0] = measurements.size();
                  allocated[1] = threads.getCurrentThreadAllocatedBytes();
                }
              }
            })
        .build()
        .train();

    assertThat((allocated[1] - allocated[0]) / MEASURED)
        .isLessThan(1024 + (long) BYTES_PER_METRIC * metrics[0]);
  }
}
