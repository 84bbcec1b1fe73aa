package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * A study's trials in two parts, each in the order of their numbers: the best tenth, of which there
 * should be more, and the others. Trials that run count among the others, so that nobody goes where
 * they are.
 */
record TpeSplit(List<TrialRecord> below, List<TrialRecord> above) {
  private static final double BEST_SHARE = 0.1;
  private static final int MOST_BELOW = 25;
  private static final String CONSTRAINT_PREFIX = TrialRecord.CONSTRAINTS + ":";

  /** Whether a trial ended in a way that tells about its parameters. */
  static boolean isTold(TrialRecord trial) {
    return trial.state() == TrialState.COMPLETE || trial.state() == TrialState.PRUNED;
  }

  static TpeSplit of(StudyRecord study) {
    List<TrialRecord> complete = new ArrayList<>();
    List<TrialRecord> pruned = new ArrayList<>();
    List<TrialRecord> infeasible = new ArrayList<>();
    for (TrialRecord trial : study.trials()) {
      if (isTold(trial)) {
        if (violation(trial) > 0) {
          infeasible.add(trial);
        } else if (trial.state() == TrialState.COMPLETE) {
          complete.add(trial);
        } else {
          pruned.add(trial);
        }
      }
    }
    int told = complete.size() + pruned.size() + infeasible.size();
    boolean several = study.directions().size() > 1;
    int best = (int) Math.ceil(BEST_SHARE * told);
    int most = several ? best : Math.min(MOST_BELOW, best);
    Set<TrialRecord> below = new HashSet<>();
    takeComplete(below, complete, study, most);
    pruned.sort(
        Comparator.comparingDouble(TpeSplit::minusLastStep)
            .thenComparingDouble(trial -> lastLoss(trial, study.direction())));
    take(below, pruned, most - below.size());
    infeasible.sort(Comparator.comparingDouble(TpeSplit::violation));
    take(below, infeasible, most - below.size());
    TpeSplit split = new TpeSplit(new ArrayList<>(), new ArrayList<>());
    for (TrialRecord trial : study.trials()) {
      if (below.contains(trial)) {
        split.below.add(trial);
      } else if (isTold(trial) || trial.state() == TrialState.RUNNING) {
        split.above.add(trial);
      }
    }
    return split;
  }

  private static void takeComplete(
      Set<TrialRecord> below, List<TrialRecord> complete, StudyRecord study, int count) {
    if (study.directions().size() == 1) {
      complete.sort(Comparator.comparingDouble(trial -> loss(trial.value(), study.direction())));
      take(below, complete, count);
    } else if (count < complete.size()) {
      double[][] losses = new double[complete.size()][study.directions().size()];
      for (int i = 0; i < losses.length; i++) {
        double[] values = complete.get(i).values();
        for (int j = 0; j < losses[i].length; j++) {
          double value = j < values.length ? values[j] : Double.NaN;
          losses[i][j] = loss(value, study.directions().get(j));
        }
      }
      HypervolumeSelection.best(losses, count).forEach(i -> below.add(complete.get(i)));
    } else {
      below.addAll(complete);
    }
  }

  private static void take(Set<TrialRecord> below, List<TrialRecord> sorted, int count) {
    below.addAll(sorted.subList(0, Math.max(0, Math.min(count, sorted.size()))));
  }

  private static double loss(double value, Direction direction) {
    return Double.isNaN(value) ? Double.POSITIVE_INFINITY : direction.toMinimize(value);
  }

  /** A trial that came farther is the better one; one that reported nothing is the worst. */
  private static double minusLastStep(TrialRecord trial) {
    return trial.intermediateValues().isEmpty() ? 1 : -trial.intermediateValues().lastKey();
  }

  private static double lastLoss(TrialRecord trial, Direction direction) {
    return trial.intermediateValues().isEmpty()
        ? 0
        : loss(trial.intermediateValues().lastEntry().getValue(), direction);
  }

  /** By how much a trial violates constraints, in sum; 0 if it keeps all. */
  private static double violation(TrialRecord trial) {
    double sum = 0;
    for (Map.Entry<String, Object> attribute : trial.systemAttributes().entrySet()) {
      if (attribute.getKey().equals(TrialRecord.CONSTRAINTS)
          && attribute.getValue() instanceof Iterable<?> values) {
        for (Object value : values) {
          sum += violation(value);
        }
      } else if (attribute.getKey().startsWith(CONSTRAINT_PREFIX)) {
        sum += violation(attribute.getValue());
      }
    }
    return sum;
  }

  private static double violation(Object value) {
    return value instanceof Number number ? Math.max(0, number.doubleValue()) : 0;
  }
}
