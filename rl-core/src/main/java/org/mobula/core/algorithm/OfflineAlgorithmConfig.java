package org.mobula.core.algorithm;

/** The settings of an algorithm that learns from recordings: a step is one gradient. */
public interface OfflineAlgorithmConfig extends AlgorithmConfig {
  @Override
  default int steps() {
    return 1;
  }

  @Override
  default int rounds(int environments) {
    return AlgorithmConfig.roundsOf(1, environments);
  }

  @Override
  default boolean learnsFromRecordings() {
    return true;
  }
}
