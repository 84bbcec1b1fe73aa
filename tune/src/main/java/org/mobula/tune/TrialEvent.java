package org.mobula.tune;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** What a running trial tells the study; the study's answer to a report lets it go on. */
sealed interface TrialEvent extends Serializable {
  /** The trial's notes for people so far. */
  Map<String, Object> notes();

  record Reported(long step, double value, @SuppressWarnings("serial") Map<String, Object> notes)
      implements TrialEvent {}

  record Returned(
      @SuppressWarnings("serial") List<Double> values,
      @SuppressWarnings("serial") List<Double> constraints,
      @SuppressWarnings("serial") Map<String, Object> notes)
      implements TrialEvent {}

  /**
   * The objective threw.
   *
   * @param fatal whether no other trial can do better
   */
  record Threw(String error, boolean fatal, @SuppressWarnings("serial") Map<String, Object> notes)
      implements TrialEvent {}
}
