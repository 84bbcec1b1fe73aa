package org.mobula.tune.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** Which trials and parameters a report shows. */
final class Trials {
  /** Its multiples lie evenly between whole numbers. */
  static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  private Trials() {}

  /** Complete trials whose values are all finite. */
  static List<TrialRecord> finite(StudyRecord study) {
    return study.trials().stream()
        .filter(TrialRecord::hasAllValues)
        .filter(trial -> Arrays.stream(trial.values()).allMatch(Double::isFinite))
        .toList();
  }

  /**
   * Trials that have come to finite values: complete ones, and pruned ones, whose value is the last
   * that they reported. Where most trials are pruned, those say most of what is known.
   */
  static List<TrialRecord> valued(StudyRecord study) {
    return study.trials().stream()
        .filter(trial -> trial.hasAllValues() || isPruned(trial))
        .filter(trial -> trial.values().length == study.directions().size())
        .filter(trial -> Arrays.stream(trial.values()).allMatch(Double::isFinite))
        .toList();
  }

  static boolean isPruned(TrialRecord trial) {
    return trial.state() == TrialState.PRUNED;
  }

  /** What is to be as small as can be; so far from 0 at most that sums of it are numbers. */
  static double loss(StudyRecord study, TrialRecord trial, int objective) {
    double loss = study.directions().get(objective).toMinimize(trial.values()[objective]);
    return Math.max(-1e100, Math.min(1e100, loss));
  }

  /** Some of the trials in their order: the best tenth of what is wanted, and every so many. */
  static List<TrialRecord> thinned(
      List<TrialRecord> trials, Comparator<TrialRecord> best, int wanted) {
    if (trials.size() <= wanted) {
      return trials;
    }
    TreeSet<TrialRecord> some = new TreeSet<>(Comparator.comparingInt(TrialRecord::number));
    trials.stream().sorted(best).limit(wanted / 10).forEach(some::add);
    int spread = wanted - wanted / 10;
    for (int i = 0; i < spread; i++) {
      some.add(trials.get((int) ((long) i * (trials.size() - 1) / (spread - 1))));
    }
    return new ArrayList<>(some);
  }

  /** As {@link #thinned(List, Comparator, int)}, the best by an objective. */
  static List<TrialRecord> thinned(
      StudyRecord study, int objective, List<TrialRecord> trials, int most) {
    return thinned(trials, byLoss(study, objective), most);
  }

  /** The best first. */
  static Comparator<TrialRecord> byLoss(StudyRecord study, int objective) {
    return Comparator.comparingDouble(trial -> loss(study, trial, objective));
  }

  /** By name, as the last trial that has it knows it; in the order of their first trials. */
  static Map<String, Parameter> parameters(StudyRecord study) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    study.trials().forEach(trial -> parameters.putAll(trial.distributions()));
    return parameters;
  }

  /** Those that have more than one value. */
  static Map<String, Parameter> searched(StudyRecord study) {
    Map<String, Parameter> searched = parameters(study);
    searched.values().removeIf(parameter -> parameter.cardinality() == 1);
    return searched;
  }

  /**
   * The trials that no other one beats in one objective without losing in another, by the first
   * objective, the best first; without those that break a constraint.
   */
  static List<TrialRecord> paretoFront(StudyRecord study) {
    List<TrialRecord> front = new ArrayList<>(study.bestTrials());
    front.retainAll(finite(study));
    front.sort(byLoss(study, 0).thenComparingInt(TrialRecord::number));
    return front;
  }

  /** What a trial has for a parameter; null if nothing that is one of its values. */
  static @Nullable Double numberOf(TrialRecord trial, Parameter parameter) {
    Double number = trial.parameters().get(parameter.name());
    // A range may have changed during the study.
    return number != null && parameter.contains(number) ? number : null;
  }

  /**
   * A choice a little beside its place, so that marks do not hide each other.
   *
   * @param irrational spreads the trials by their numbers
   */
  static double shaken(Parameter parameter, TrialRecord trial, double irrational, double width) {
    double number = Objects.requireNonNull(numberOf(trial, parameter));
    double share = trial.number() * irrational % 1 - 0.5;
    return parameter instanceof CategoricalParameter ? number + width * share : number;
  }

  /** An objective is given by its index in the study's directions. */
  static void checkObjective(StudyRecord study, int objective) {
    int objectives = study.directions().size();
    if (objective < 0 || objective >= objectives) {
      throw new IllegalArgumentException(
          "objective %s is asked for but the study has %s, counted from 0"
              .formatted(objective, objectives));
    }
  }

  /** What the values of an objective are called. */
  static String objectiveName(StudyRecord study, int objective) {
    return study.metricNames().get(objective);
  }
}
