package org.mobula.tune.storage;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.Parameter;

/** A line of the journal: the eleven operations of Optuna's journal format. */
sealed interface Operation {
  /** Changes a study that is there. */
  sealed interface OfStudy extends Operation {
    int study();
  }

  /** Changes a trial that is there. */
  sealed interface OfTrial extends Operation {
    int trial();
  }

  record CreateStudy(String name, List<Direction> directions) implements Operation {}

  record DeleteStudy(int study) implements OfStudy {}

  record SetStudyUserAttribute(int study, String key, @Nullable Object value) implements OfStudy {}

  record SetStudySystemAttribute(int study, String key, @Nullable Object value)
      implements OfStudy {}

  /** A new trial; all but the study may be left to later operations. */
  record CreateTrial(
      int study,
      TrialState state,
      List<Double> values,
      Map<String, Double> parameters,
      Map<String, Parameter> distributions,
      Map<Long, Double> intermediateValues,
      Map<String, Object> userAttributes,
      Map<String, Object> systemAttributes,
      @Nullable Instant started,
      @Nullable Instant ended)
      implements OfStudy {}

  record SetParameter(int trial, Parameter parameter, double internal) implements OfTrial {}

  record SetState(
      int trial,
      TrialState state,
      @Nullable List<Double> values,
      @Nullable Instant started,
      @Nullable Instant ended)
      implements OfTrial {}

  record SetIntermediateValue(int trial, long step, double value) implements OfTrial {}

  record SetTrialUserAttribute(int trial, String key, @Nullable Object value) implements OfTrial {}

  record SetTrialSystemAttribute(int trial, String key, @Nullable Object value)
      implements OfTrial {}

  /**
   * Some trials are of no more interest to the sampler that says so. Optuna 5.0.0 passes over it
   * without a look at what it holds, and so does this journal.
   */
  record DiscardTrials() implements Operation {}
}
