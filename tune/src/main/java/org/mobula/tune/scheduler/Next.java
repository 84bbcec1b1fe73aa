package org.mobula.tune.scheduler;

import java.util.Map;

/** What a free place is to be used for. */
public sealed interface Next {
  /**
   * Ask the sampler for a new trial.
   *
   * @param attributes to be kept with it, as system attributes
   */
  record Sample(Map<String, Object> attributes) implements Next {}

  /** Go on with a paused trial, from its checkpoint. */
  record Resume(int trial) implements Next {}

  /**
   * A new trial that goes on from another's checkpoint, with parameters of its own.
   *
   * @param donor number of the trial whose checkpoint is copied: the one with which it last paused,
   *     though it may have gone on or ended since
   * @param values the new trial's parameters, as numbers by name
   * @param attributes to be kept with it, as system attributes
   */
  record Copy(int donor, Map<String, Double> values, Map<String, Object> attributes)
      implements Next {}

  /** A new trial with these parameters, as numbers by name; the sampler is not asked. */
  record Begin(Map<String, Double> values, Map<String, Object> attributes) implements Next {}

  /** End a paused trial as pruned; the place is still free. */
  record Stop(int trial) implements Next {}

  /**
   * Leave it free until a running trial has reported or ended. With none running the study is over,
   * and what is paused ends as pruned.
   */
  record Wait() implements Next {}

  /** Ask the sampler. */
  Next SAMPLE = new Sample(Map.of());

  /** Leave it free. */
  Next WAIT = new Wait();
}
