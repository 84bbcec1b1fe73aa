package org.mobula.core.training;

import org.mobula.core.environment.ObservationScale;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.TrainingConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns of what makes learning hopeless without failing; seen in the first observations. */
final class ObservationAdvice {
  private static final Logger LOG = LoggerFactory.getLogger(ObservationAdvice.class);

  private ObservationAdvice() {}

  static void give(TrainingConfig config, PolicySpec policy, Experience first) {
    if (policy.network() instanceof ConvolutionSpec) {
      ConvolutionSpec.axisOrder(policy.observationSpace())
          .ifPresent(hint -> LOG.warn("observation space {}", hint));
    }
    boolean anySize = first.shape.encoding() == Encoding.FLOAT;
    if (anySize && !config.normalization().observations()) {
      int features = policy.observationSpace().flatSize();
      float[] flattened = new float[first.rows() * features];
      new ObservationEncoder(policy.observationSpace())
          .flatten(first.observations, first.rows(), flattened);
      int largest = 0;
      for (int i = 0; i < flattened.length; i++) {
        if (Math.abs(flattened[i]) > Math.abs(flattened[largest])) {
          largest = i;
        }
      }
      ObservationScale.advice(largest % features, Math.abs(flattened[largest]))
          .ifPresent(LOG::warn);
    }
  }
}
