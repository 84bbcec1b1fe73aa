package org.mobula.core.training;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.offline.OffPolicyEvaluation;
import org.mobula.core.offline.OffPolicyResult;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.TrainingConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges the policy of a run by its recordings, where there is no environment to do it in: as often
 * as evaluations would be, and at the end.
 */
final class RecordedEstimates implements TrainingListener {
  private static final Logger LOG = LoggerFactory.getLogger(RecordedEstimates.class);
  private static final int RESAMPLES = 200;

  private final TrainingConfig config;
  private final RecordedEpisodes recordings;
  private @Nullable TrainingControl control;
  private @Nullable OffPolicyResult last;

  RecordedEstimates(TrainingConfig config, RecordedEpisodes recordings) {
    this.config = config;
    this.recordings = recordings;
  }

  /** Whether nothing else judges the policy, and the recordings can. */
  static boolean isFor(TrainingConfig config, PolicySpec policy, RecordedEpisodes recordings) {
    return config.evaluation().episodes() == 0
        && recordings.hasLogProbabilities()
        && !policy.masksActions()
        && !(policy.head() instanceof PolicyHead.Deterministic);
  }

  @Override
  public void onStart(TrainingControl run) {
    control = run;
  }

  @Override
  public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
    long before = progress.environmentSteps() - config.algorithm().rounds(1);
    boolean due =
        progress.done() >= 1 || progress.crossed(config.evaluation().every(), Math.max(0, before));
    TrainingControl run = control;
    if (!due || run == null) {
      return;
    }
    try (Policy policy = run.policy()) {
      OffPolicyResult result =
          OffPolicyEvaluation.defaults().withResamples(RESAMPLES).evaluate(policy, recordings);
      last = result;
      measurements.put("estimate/recorded_return", result.recorded().value());
      measurements.put("estimate/weighted_return", result.weighted().value());
      measurements.put("estimate/weighted_return_low", result.weighted().low());
      measurements.put("estimate/weighted_return_high", result.weighted().high());
      measurements.put("estimate/effective_sample_size", result.effectiveSampleSize());
    }
  }

  @Override
  public void onEnd(TrainingResult result) {
    if (last != null) {
      last.warning().ifPresent(LOG::warn);
    }
  }
}
