package org.mobula.tune.storage;

import java.util.ArrayList;
import java.util.Collections;
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
      if (trial.state == TrialState.COMPLETE
          && (best == null || direction().better(trial.value(), best.value()))) {
        best = trial;
      }
    }
    return Optional.ofNullable(best);
  }

  @Override
  public String toString() {
    return "study " + name + " of " + trials.size() + " trials";
  }
}
