package org.mobula.tune.storage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of a study: a live view that changes as the journal grows, in the thread that
 * refreshes the journal.
 */
public final class StudyRecord {
  /** Optuna's name for the system attribute with the names of the objectives. */
  public static final String METRIC_NAMES = "study:metric_names";

  final int id;
  final String name;
  final List<Direction> directions;
  final List<TrialRecord> trials = new ArrayList<>();

  /** The lowest number of a trial that has the parameter of that name. */
  final Map<String, Integer> firstWithParameter = new HashMap<>();

  final Map<String, Object> userAttributes = new LinkedHashMap<>();
  final Map<String, Object> systemAttributes = new LinkedHashMap<>();

  StudyRecord(int id, String name, List<Direction> directions) {
    this.id = id;
    this.name = name;
    this.directions = List.copyOf(directions);
  }

  /** Unique in the journal. */
  public int id() {
    return id;
  }

  public String name() {
    return name;
  }

  /** One for each objective. */
  public List<Direction> directions() {
    return directions;
  }

  /** What each objective is called; "value", or "value 0" and so on, where nobody has said. */
  public List<String> metricNames() {
    List<String> names = new ArrayList<>();
    List<?> said = systemAttributes.get(METRIC_NAMES) instanceof List<?> list ? list : List.of();
    for (int i = 0; i < directions.size(); i++) {
      names.add(
          said.size() == directions.size()
              ? String.valueOf(said.get(i))
              : directions.size() == 1 ? "value" : "value " + i);
    }
    return names;
  }

  /** The first objective's direction. */
  public Direction direction() {
    return directions.get(0);
  }

  /** All trials by their number. */
  public List<TrialRecord> trials() {
    return Collections.unmodifiableList(trials);
  }

  /** For people: texts, numbers, booleans, lists and maps of them. */
  public Map<String, Object> userAttributes() {
    return Collections.unmodifiableMap(userAttributes);
  }

  /** For samplers and schedulers; the same kinds of values. */
  public Map<String, Object> systemAttributes() {
    return Collections.unmodifiableMap(systemAttributes);
  }

  /** The complete trial with the best first value, the earliest of equals. */
  public Optional<TrialRecord> best() {
    TrialRecord best = null;
    for (TrialRecord trial : trials) {
      if (trial.hasAllValues()
          && (best == null || direction().better(trial.value(), best.value()))) {
        best = trial;
      }
    }
    return Optional.ofNullable(best);
  }

  /**
   * The complete trials that no other one dominates, being as good in every objective and better in
   * one: the Pareto front, by number; without those that break a constraint. Of one objective these
   * are its best trials.
   */
  public List<TrialRecord> bestTrials() {
    List<TrialRecord> candidates = new ArrayList<>();
    for (TrialRecord trial : trials) {
      if (trial.hasAllValues() && Arrays.stream(trial.violations()).allMatch(each -> each <= 0)) {
        candidates.add(trial);
      }
    }
    Comparator<TrialRecord> order = Comparator.comparingInt(trial -> 0);
    for (int i = 0; i < directions.size(); i++) {
      int objective = i;
      order =
          order.thenComparingDouble(
              trial -> directions.get(objective).toMinimize(trial.values[objective]));
    }
    candidates.sort(order);
    List<TrialRecord> front = new ArrayList<>();
    // A trial that dominates another comes before it in this order.
    for (TrialRecord trial : candidates) {
      if (front.stream().noneMatch(other -> dominates(other, trial))) {
        front.add(trial);
      }
    }
    front.sort(Comparator.comparingInt(TrialRecord::number));
    return front;
  }

  private boolean dominates(TrialRecord one, TrialRecord other) {
    boolean better = false;
    for (int i = 0; i < directions.size(); i++) {
      Direction direction = directions.get(i);
      if (direction.better(other.values[i], one.values[i])) {
        return false;
      }
      better |= direction.better(one.values[i], other.values[i]);
    }
    return better;
  }

  /**
   * The reason that most of the failed trials give, the earliest of equals, and how many give it;
   * empty if none has failed.
   */
  public Optional<Map.Entry<String, Integer>> commonestFailure() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (TrialRecord trial : trials) {
      if (trial.state == TrialState.FAIL) {
        Object reason = trial.systemAttributes.get(TrialRecord.FAILURE);
        counts.merge(reason == null ? "no reason was kept" : reason.toString(), 1, Integer::sum);
      }
    }
    return counts.entrySet().stream()
        .reduce((one, other) -> other.getValue() > one.getValue() ? other : one);
  }

  @Override
  public String toString() {
    return "study " + name + " of " + trials.size() + " trials";
  }
}
