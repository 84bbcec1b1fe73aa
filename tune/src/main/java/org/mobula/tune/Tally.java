package org.mobula.tune;

import org.jspecify.annotations.Nullable;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Counts trials. Those at the beginning that have all finished are counted once, so that a study of
 * many short trials does not look at each of them each time.
 */
final class Tally {
  private final StudyRecord study;
  private final Counts old = new Counts();
  private Counts all = new Counts();
  private int settled;

  private static final class Counts {
    int begun;
    int sinceBest;
    @Nullable TrialRecord best;

    Counts copy() {
      Counts copy = new Counts();
      copy.begun = begun;
      copy.sinceBest = sinceBest;
      copy.best = best;
      return copy;
    }
  }

  Tally(StudyRecord study) {
    this.study = study;
  }

  /** Counts what is new. */
  Tally update() {
    while (settled < study.trials().size() && study.trials().get(settled).state().isFinished()) {
      count(study.trials().get(settled++), old);
    }
    all = old.copy();
    for (int i = settled; i < study.trials().size(); i++) {
      count(study.trials().get(i), all);
    }
    return this;
  }

  private void count(TrialRecord trial, Counts counts) {
    boolean instead =
        trial.systemAttributes().containsKey(StudyLoop.RETRIED)
            || trial.systemAttributes().containsKey(TrialSource.COPIED_FROM);
    if (trial.state() != TrialState.WAITING && !instead) {
      counts.begun++;
    }
    TrialRecord best = counts.best;
    if (trial.hasAllValues()
        && (best == null || study.direction().better(trial.value(), best.value()))) {
      counts.best = trial;
      counts.sinceBest = 0;
    } else if (trial.state() == TrialState.COMPLETE || trial.state() == TrialState.PRUNED) {
      counts.sinceBest++;
    }
  }

  /** How many trials at the beginning have all finished. */
  int settled() {
    return settled;
  }

  /** Trials that count: those tried again, or going on from another's checkpoint, do not. */
  int begun() {
    return update().all.begun;
  }

  /** Complete or pruned trials after the best one; 0 while none is complete. */
  int sinceBest() {
    return all.best == null ? 0 : all.sinceBest;
  }

  @Nullable TrialRecord best() {
    return all.best;
  }
}
