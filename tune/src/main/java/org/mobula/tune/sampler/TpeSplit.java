package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
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

  /** Whether at least so many trials tell. */
  static boolean hasTold(StudyRecord study, int count) {
    int told = 0;
    for (TrialRecord trial : study.trials()) {
      if (isTold(trial) && ++told >= count) {
        return true;
      }
    }
    return false;
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
    List<TrialRecord> taken = new ArrayList<>();
    takeComplete(taken, complete, study, most);
    pruned.sort(
        Comparator.comparingDouble(TpeSplit::minusLastStep)
            .thenComparingDouble(trial -> lastLoss(trial, study.direction())));
    take(taken, pruned, most - taken.size());
    infeasible.sort(Comparator.comparingDouble(TpeSplit::violation));
    take(taken, infeasible, most - taken.size());
    boolean[] isBelow = new boolean[study.trials().size()];
    for (TrialRecord trial : taken) {
      isBelow[trial.number()] = true;
    }
    TpeSplit split = new TpeSplit(new ArrayList<>(), new ArrayList<>());
    for (TrialRecord trial : study.trials()) {
      if (isBelow[trial.number()]) {
        split.below.add(trial);
      } else if (isTold(trial) || trial.state() == TrialState.RUNNING) {
        split.above.add(trial);
      }
    }
    return split;
  }

  private static void takeComplete(
      List<TrialRecord> taken, List<TrialRecord> complete, StudyRecord study, int count) {
    if (count >= complete.size()) {
      taken.addAll(complete);
    } else if (study.directions().size() == 1) {
      takeLowest(taken, complete, study.direction(), count);
    } else {
      double[][] losses = new double[complete.size()][study.directions().size()];
      for (int i = 0; i < losses.length; i++) {
        double[] values = complete.get(i).values();
        for (int j = 0; j < losses[i].length; j++) {
          double value = j < values.length ? values[j] : Double.NaN;
          losses[i][j] = loss(value, study.directions().get(j));
        }
      }
      HypervolumeSelection.best(losses, count).forEach(i -> taken.add(complete.get(i)));
    }
  }

  /** Of equals the earlier; few of many, so one pass is less work than sorting. */
  private static void takeLowest(
      List<TrialRecord> taken, List<TrialRecord> complete, Direction direction, int count) {
    double[] lowest = new double[count + 1];
    for (TrialRecord trial : complete) {
      double loss = loss(trial.value(), direction);
      int place = taken.size();
      while (place > 0 && loss < lowest[place - 1]) {
        lowest[place] = lowest[place - 1];
        place--;
      }
      if (place < count) {
        lowest[place] = loss;
        taken.add(place, trial);
        if (taken.size() > count) {
          taken.remove(count);
        }
      }
    }
  }

  private static void take(List<TrialRecord> taken, List<TrialRecord> sorted, int count) {
    taken.addAll(sorted.subList(0, Math.max(0, Math.min(count, sorted.size()))));
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
    if (trial.systemAttributes().isEmpty()) {
      return 0;
    }
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
