package org.mobula.tune;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** When a study has had enough. */
@RecordBuilder
public record StudyStop(
    @Doc(
            "trials to begin, those of earlier parts of the study included, those that take another's place (pbt) or are tried again not; 0 for no limit")
        @Range(min = 0)
        int trials,
    @Doc("wall time of this part of the study; running trials are cut off then")
        @Range(exclusiveMin = 0)
        @Nullable Duration time,
    @Doc("ends when a trial's first value is as good") @Nullable Double target,
    @Doc(
            "ends when so many complete or pruned trials in a row were no better than the best before; 0 is off")
        @Range(min = 0)
        int trialsWithoutImprovement)
    implements Serializable, StudyStopBuilder.With {

  /** Checks the values. */
  public StudyStop {
    Constraints.check(StudyStop.class, trials, time, target, trialsWithoutImprovement);
    Constraints.require(
        trials > 0 || time != null || target != null || trialsWithoutImprovement > 0,
        "trials",
        trials,
        "must be > 0 where nothing else ends the study");
  }

  /** 100 trials. */
  public static StudyStop defaults() {
    return new StudyStop(100, null, null, 0);
  }

  /**
   * Why the study should end although trials are left, for a person to read.
   *
   * @param tally up to date
   */
  Optional<String> reason(StudyRecord study, Tally tally) {
    TrialRecord best = tally.best();
    if (best != null && target != null && !study.direction().better(target, best.value())) {
      return Optional.of("trial %s has reached %s".formatted(best.number(), best.value()));
    }
    long since = tally.sinceBest();
    if (trialsWithoutImprovement > 0 && since >= trialsWithoutImprovement) {
      return Optional.of("the last %s trials brought no improvement".formatted(since));
    }
    return Optional.empty();
  }
}
