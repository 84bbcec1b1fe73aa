package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Steady training leaves nothing lying about. */
class AllocationTest {
  private static final int WINDOWS = 1_000;

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
    assertThat(leastBytes(ppo, "CartPole-v1", 8, 256, 50, 1024)).isLessThan(1024);
  }

  /** Each iteration is 1,024 steps, four rounds of learning, and 128 gradients of what is kept. */
  @Test
  void iterationOfReplayAllocatesLessThanTwoKilobytesBesideItsMetrics() {
    DqnConfig dqn =
        DqnConfig.defaults()
            .withTrainFrequency(256)
            .withGradientSteps(32)
            .withDoubleQ(true)
            .withDueling(true)
            .withReplay(
                ReplayConfig.defaults()
                    .withCapacity(5_000)
                    .withReturnSteps(3)
                    .withPriorityExponent(0.6));
    assertThat(leastBytes(dqn, "CartPole-v1", 1, 1024, 5, 2048)).isLessThan(2048);
  }

  /** Each iteration is 1,024 steps, 16 rounds of learning, and 64 gradients of each network. */
  @Test
  void iterationOfCriticsAllocatesLessThanFourKilobytesBesideItsMetrics() {
    SacConfig sac =
        SacConfig.defaults()
            .withTrainFrequency(64)
            .withGradientSteps(4)
            .withMinibatchSize(32)
            .withNoise(ActionNoise.Pink.defaults())
            .withReplay(ReplayConfig.defaults().withCapacity(5_000));
    assertThat(leastBytes(sac, "Pendulum-v1", 1, 1024, 5, 4096)).isLessThan(4096);
    Td3Config td3 =
        Td3Config.defaults()
            .withTrainFrequency(64)
            .withGradientSteps(4)
            .withMinibatchSize(32)
            .withNoise(ActionNoise.OrnsteinUhlenbeck.defaults())
            .withReplay(ReplayConfig.defaults().withCapacity(5_000));
    assertThat(leastBytes(td3, "Pendulum-v1", 1, 1024, 5, 4096)).isLessThan(4096);
  }

  /** Bytes of an iteration: the least of all windows, until one is below {@code enough}. */
  private long leastBytes(
      AlgorithmConfig algorithm,
      String environment,
      int environments,
      int iterationSteps,
      int window,
      long enough) {
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults(environment).withCount(environments), algorithm)
            .withStop(
                StopConfig.defaults()
                    .withEnvironmentSteps((long) iterationSteps * window * WINDOWS))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    Windows windows = new Windows(window, enough);
    windows.trainer = Trainer.builder(config).listener(windows).build();
    windows.trainer.train();
    return windows.least;
  }

  /** Until its methods are compiled, vectors are objects: the least of the windows counts. */
  private final class Windows implements TrainingListener {
    private final int window;
    private final long enough;

    @SuppressWarnings("NullAway.Init") // before the run
    private Trainer trainer;

    private long before = -1;
    private long least = Long.MAX_VALUE;

    private Windows(int window, long enough) {
      this.window = window;
      this.enough = enough;
    }

    @Override
    public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
      if (progress.iterations() % window != 0) {
        return;
      }
      long now = threads.getCurrentThreadAllocatedBytes();
      if (before >= 0) {
        long metrics = (long) BYTES_PER_METRIC * measurements.size();
        least = Math.min(least, (now - before) / window - metrics);
      }
      if (least < enough) {
        trainer.stop("it is steady");
      }
      before = threads.getCurrentThreadAllocatedBytes();
    }
  }
}
