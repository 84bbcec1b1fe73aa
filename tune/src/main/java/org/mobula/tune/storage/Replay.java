package org.mobula.tune.storage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;

/**
 * What the operations so far add up to, by the rules of Optuna's replay: studies and trials get
 * their ids in the order of their operations, and what contradicts the operations before it changes
 * nothing.
 */
final class Replay {
  private final Map<String, StudyRecord> studiesByName = new LinkedHashMap<>();
  private final Map<Integer, StudyRecord> studiesById = new HashMap<>();
  private final List<TrialRecord> trials = new ArrayList<>();
  private int nextStudy;

  Map<String, StudyRecord> studies() {
    return studiesByName;
  }

  /** Why an operation changes nothing; null if it holds. */
  @Nullable RuntimeException rejection(Operation operation) {
    if (operation instanceof Operation.CreateStudy create) {
      return studiesByName.containsKey(create.name())
          ? new IllegalArgumentException(
              "there is a study %s already: go on with it, or take another name"
                  .formatted(create.name()))
          : null;
    } else if (operation instanceof Operation.OfStudy change) {
      return studiesById.containsKey(change.study())
          ? null
          : new IllegalStateException(
              "there is no study with the id %s: it was deleted, or never made"
                  .formatted(change.study()));
    } else if (operation instanceof Operation.OfTrial change) {
      return rejection(change);
    }
    return null;
  }

  private @Nullable RuntimeException rejection(Operation.OfTrial change) {
    if (change.trial() < 0 || change.trial() >= trials.size()) {
      return new IllegalStateException(
          "there is no trial with the id %s".formatted(change.trial()));
    }
    TrialRecord trial = trials.get(change.trial());
    if (trial.state.isFinished()) {
      return new IllegalStateException(
          "trial %s of study %s has ended (%s) and does not change any more"
              .formatted(trial.number, trial.study.name, trial.state));
    } else if (change instanceof Operation.SetState set
        && set.state() == TrialState.RUNNING
        && trial.state == TrialState.RUNNING) {
      return new IllegalStateException(
          "trial %s of study %s runs already: somebody else has begun it"
              .formatted(trial.number, trial.study.name));
    } else if (change instanceof Operation.SetParameter set) {
      return incompatible(trial.study, set.parameter());
    }
    return null;
  }

  /** Optuna compares with the first trial of the study that has the parameter. */
  private static @Nullable RuntimeException incompatible(StudyRecord study, Parameter parameter) {
    Integer first = study.firstWithParameter.get(parameter.name());
    Parameter earlier =
        first == null ? null : study.trials.get(first).distributions.get(parameter.name());
    if (earlier == null || compatible(earlier, parameter)) {
      return null;
    }
    return new IllegalArgumentException(
        "%s does not go with %s of trial %s: a name keeps its kind, its choices and whether it is logarithmic"
            .formatted(parameter, earlier, first));
  }

  private static boolean compatible(Parameter earlier, Parameter parameter) {
    if (earlier instanceof FloatParameter a && parameter instanceof FloatParameter b) {
      return a.log() == b.log();
    } else if (earlier instanceof IntParameter a && parameter instanceof IntParameter b) {
      return a.log() == b.log();
    }
    return earlier instanceof CategoricalParameter && earlier.equals(parameter);
  }

  /** Applies an operation that {@link #rejection} has nothing against. */
  void apply(Operation operation) {
    if (operation instanceof Operation.CreateStudy create) {
      StudyRecord study = new StudyRecord(nextStudy++, create.name(), create.directions());
      studiesByName.put(study.name, study);
      studiesById.put(study.id, study);
    } else if (operation instanceof Operation.OfStudy change) {
      apply(change, Objects.requireNonNull(studiesById.get(change.study())));
    } else if (operation instanceof Operation.OfTrial change) {
      apply(change, trials.get(change.trial()));
    }
  }

  private void apply(Operation.OfStudy change, StudyRecord study) {
    if (change instanceof Operation.CreateTrial create) {
      create(create, study);
    } else if (change instanceof Operation.DeleteStudy) {
      // The trials keep their ids, as in Optuna: an id is never given twice.
      studiesById.remove(study.id);
      studiesByName.remove(study.name);
    } else if (change instanceof Operation.SetStudyUserAttribute set) {
      put(study.userAttributes, set.key(), set.value());
    } else if (change instanceof Operation.SetStudySystemAttribute set) {
      put(study.systemAttributes, set.key(), set.value());
    }
  }

  private void create(Operation.CreateTrial create, StudyRecord study) {
    TrialRecord trial = new TrialRecord(study, trials.size(), study.trials.size(), create.state());
    trial.values = numbers(create.values());
    trial.parameters.putAll(create.parameters());
    trial.distributions.putAll(create.distributions());
    trial.intermediateValues.putAll(create.intermediateValues());
    trial.userAttributes.putAll(create.userAttributes());
    trial.systemAttributes.putAll(create.systemAttributes());
    trial.started = create.started();
    trial.ended = create.ended();
    study.trials.add(trial);
    trials.add(trial);
    trial
        .parameters
        .keySet()
        .forEach(name -> study.firstWithParameter.putIfAbsent(name, trial.number));
  }

  private static void apply(Operation.OfTrial change, TrialRecord trial) {
    if (change instanceof Operation.SetParameter set) {
      String name = set.parameter().name();
      trial.parameters.put(name, set.internal());
      trial.distributions.put(name, set.parameter());
      trial.study.firstWithParameter.merge(name, trial.number, Math::min);
    } else if (change instanceof Operation.SetState set) {
      trial.state = set.state();
      if (set.values() != null) {
        trial.values = numbers(set.values());
      }
      if (set.started() != null) {
        trial.started = set.started();
      }
      if (set.ended() != null) {
        trial.ended = set.ended();
      }
    } else if (change instanceof Operation.SetIntermediateValue set) {
      trial.intermediateValues.put(set.step(), set.value());
    } else if (change instanceof Operation.SetTrialUserAttribute set) {
      put(trial.userAttributes, set.key(), set.value());
    } else if (change instanceof Operation.SetTrialSystemAttribute set) {
      put(trial.systemAttributes, set.key(), set.value());
    }
  }

  private static double[] numbers(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static void put(Map<String, Object> attributes, String key, @Nullable Object value) {
    if (value == null) {
      attributes.remove(key);
    } else {
      attributes.put(key, value);
    }
  }
}
