package org.mobula.tune.scheduler;

import java.util.Map;

/**
 * A scheduler's answer to a report.
 *
 * @param attributes to be kept with the trial, as system attributes: texts, numbers, booleans,
 *     lists and maps of them
 */
public record Verdict(Decision decision, Map<String, Object> attributes) {
  /** Go on. */
  public static final Verdict CONTINUE = new Verdict(Decision.CONTINUE, Map.of());

  /** Without attributes. */
  public static Verdict of(Decision decision) {
    return new Verdict(decision, Map.of());
  }
}
