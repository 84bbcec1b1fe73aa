package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;

/** Steady training leaves nothing lying about. */
class AllocationTest {
  private static final int WINDOW = 50;
  private static final int WINDOWS = 1_000;
  private static final long BYTES = 1024;

  /** A measurement is an entry of a map and a boxed number. */
  private static final int BYTES_PER_METRIC = 64;

  private final ThreadMXBean threads =
      (ThreadMXBean) ManagementFactory.getPlatformMXBean(java.lang.management.ThreadMXBean.class);

  /**
   * Each iteration is 256 steps. It ends as soon as a window of iterations is steady: soon on an
   * idle machine, later where the compiler waits for its turn.
   */
  @Test
  void iterationAllocatesLessThanAKilobyteBesideItsMetrics() {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(256).withEpochs(2);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1").withCount(8), ppo)
            .withStop(StopConfig.defaults().withEnvironmentSteps(256L * WINDOW * WINDOWS))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    Windows windows = new Windows();
    windows.trainer = Trainer.builder(config).listener(windows).build();
    windows.trainer.train();

    assertThat(windows.least).isLessThan(BYTES);
  }

  /** Until its methods are compiled, vectors are objects: the least of the windows counts. */
  private final class Windows implements TrainingListener {
    @SuppressWarnings("NullAway.Init") // before the run
    private Trainer trainer;

    private long before = -1;
    private long least = Long.MAX_VALUE;

    @Override
    public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
      if (progress.iterations() % WINDOW != 0) {
        return;
      }
      long now = threads.getCurrentThreadAllocatedBytes();
      if (before >= 0) {
        long metrics = (long) BYTES_PER_METRIC * measurements.size();
        least = Math.min(least, (now - before) / WINDOW - metrics);
      }
      if (least < BYTES) {
        trainer.stop("it is steady");
      }
      before = threads.getCurrentThreadAllocatedBytes();
    }
  }
}
