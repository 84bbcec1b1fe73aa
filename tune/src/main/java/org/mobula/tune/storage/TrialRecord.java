package org.mobula.tune.storage;

import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.Parameter;

/**
 * What is known of a trial: a live view that changes as the journal grows, in the thread that
 * refreshes the journal.
 */
public final class TrialRecord {
  /** The system attribute with the reason of a failure. */
  public static final String FAILURE = "fail_reason";

  /** The system attribute with the values of constraints; one above 0 is violated. */
  public static final String CONSTRAINTS = "constraints";

  final StudyRecord study;
  final int id;
  final int number;
  TrialState state;
  double[] values = new double[0];
  final Map<String, Double> parameters = new LinkedHashMap<>();
  final Map<String, Parameter> distributions = new LinkedHashMap<>();
  final NavigableMap<Long, Double> intermediateValues = new TreeMap<>();
  final Map<String, Object> userAttributes = new LinkedHashMap<>();
  final Map<String, Object> systemAttributes = new LinkedHashMap<>();
  @Nullable Instant started;
  @Nullable Instant ended;

  TrialRecord(StudyRecord study, int id, int number, TrialState state) {
    this.study = study;
    this.id = id;
    this.number = number;
    this.state = state;
  }

  /** Unique in the journal. */
  public int id() {
    return id;
  }

  /** Counts the trials of the study from 0 on. */
  public int number() {
    return number;
  }

  public TrialState state() {
    return state;
  }

  /** One for each objective of a complete trial; else none, or what was last known. */
  public double[] values() {
    return values.clone();
  }

  /** The first objective's value; NaN if there is none. */
  public double value() {
    return values.length == 0 ? Double.NaN : values[0];
  }

  /** Whether it is complete, with a number for each objective. */
  public boolean hasAllValues() {
    return state == TrialState.COMPLETE
        && values.length == study.directions.size()
        && Arrays.stream(values).noneMatch(Double::isNaN);
  }

  /**
   * How far constraints that are only known by trying are violated, each if it is above 0; none
   * where the trial did not say. What is no number is NaN.
   */
  public double[] violations() {
    return systemAttributes.get(CONSTRAINTS) instanceof List<?> said
        ? said.stream()
            .mapToDouble(each -> each instanceof Number number ? number.doubleValue() : Double.NaN)
            .toArray()
        : new double[0];
  }

  /** The parameters' numbers ({@link Parameter#internal}) by name. */
  public Map<String, Double> parameters() {
    return Collections.unmodifiableMap(parameters);
  }

  /** The parameters as they were when the trial was given them, by name. */
  public Map<String, Parameter> distributions() {
    return Collections.unmodifiableMap(distributions);
  }

  /** The parameters' values as the objective sees them, by name. */
  public Map<String, Object> parameterValues() {
    Map<String, Object> seen = new LinkedHashMap<>();
    distributions.forEach(
        (name, parameter) -> {
          Double number = parameters.get(name);
          if (number != null) {
            seen.put(name, parameter.value(number));
          }
        });
    return seen;
  }

  /** What was reported, by step. */
  public NavigableMap<Long, Double> intermediateValues() {
    return Collections.unmodifiableNavigableMap(intermediateValues);
  }

  /** For people: texts, numbers, booleans, lists and maps of them. */
  public Map<String, Object> userAttributes() {
    return Collections.unmodifiableMap(userAttributes);
  }

  /** For samplers and schedulers; the same kinds of values. */
  public Map<String, Object> systemAttributes() {
    return Collections.unmodifiableMap(systemAttributes);
  }

  public Optional<Instant> started() {
    return Optional.ofNullable(started);
  }

  public Optional<Instant> ended() {
    return Optional.ofNullable(ended);
  }

  @Override
  public String toString() {
    return "trial " + number + " (" + state + ", " + parameterValues() + ")";
  }
}
