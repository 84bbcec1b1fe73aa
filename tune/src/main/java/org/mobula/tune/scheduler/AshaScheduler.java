package org.mobula.tune.scheduler;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Asynchronous successive halving (Li et al., 2020, "A system for massively parallel hyperparameter
 * tuning", algorithm 2): of the trials that have completed a rung, one in {@code reductionFactor}
 * goes on to the next. Rung {@code r} is complete at step {@code minResource × reductionFactor^(s +
 * r)}, s being {@code minEarlyStoppingRate}. A report completes at most one rung of a trial that
 * pauses there.
 *
 * <p>With {@code pauses}, every trial pauses at each rung, and a free place goes to the best paused
 * trial of the highest rung that has one within its top {@code floor(n / reductionFactor)}; only if
 * there is none does a new trial begin. At the end of a study in which no trial has run to its end,
 * the best paused trial of the highest rung does.
 *
 * <p>Without, a trial that is not among the best when it completes a rung stops: the rule of
 * Optuna's {@code SuccessiveHalvingPruner}, whose attributes are used too. The first few of a rung
 * go on if they are the best so far, since nothing can be taken back.
 *
 * <p>A trial that reports NaN at a rung stops.
 */
@RecordBuilder
public record AshaScheduler(
    @Doc(
            "step that completes the lowest rung; 0 is a hundredth of the longest complete trial, once there is one")
        @Range(min = 0)
        long minResource,
    @Doc("step at which trials end by themselves, where no rung is needed; 0 if that is not known")
        @Range(min = 0)
        long maxResource,
    @Doc("one in so many trials goes on from each rung") @Range(min = 2) int reductionFactor,
    @Doc("how many rungs are left out at the bottom") @Range(min = 0) int minEarlyStoppingRate,
    @Doc("no trial goes on from a rung that not more trials than these have completed")
        @Range(min = 0)
        int bootstrapCount,
    @Doc("whether trials pause at rungs and may go on later, instead of stopping there")
        boolean pauses)
    implements Scheduler, AshaSchedulerBuilder.With {
  private static final String MIN_RESOURCE = "asha:min_resource";

  /** The attributes with a trial's values at its rungs; no step is beyond so many doublings. */
  private static final List<String> RUNGS =
      IntStream.range(0, Long.SIZE).mapToObj(rung -> "completed_rung_" + rung).toList();

  /** Checks the values. */
  public AshaScheduler {
    Constraints.check(
        AshaScheduler.class,
        minResource,
        maxResource,
        reductionFactor,
        minEarlyStoppingRate,
        bootstrapCount,
        pauses);
    Constraints.require(
        minResource > 0 || bootstrapCount == 0,
        "bootstrap-count",
        bootstrapCount,
        "must be 0 unless min-resource is given");
    Constraints.require(
        maxResource == 0 || maxResource >= minResource,
        "max-resource",
        maxResource,
        "must be ≥ min-resource (%s), or 0".formatted(minResource));
  }

  /** Pauses; one in 4 goes on, the first from step 1. */
  public static AshaScheduler defaults() {
    return new AshaScheduler(1, 0, 4, 0, 0, true);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    return onReport(study, any -> true, trial, step);
  }

  @Override
  public Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
    if (!pauses) {
      return mayBegin ? Next.SAMPLE : Next.WAIT;
    }
    Optional<TrialRecord> promoted = promotable(study, any -> true);
    if (promoted.isPresent()) {
      return new Next.Resume(promoted.get().number());
    }
    return mayBegin ? Next.SAMPLE : winner(study, AshaScheduler::completedRungs);
  }

  /**
   * Answers a report.
   *
   * @param rivals which trials of the study compete with this one, itself among them
   */
  Verdict onReport(StudyRecord study, Predicate<TrialRecord> rivals, TrialRecord trial, long step) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    long resource = minResource > 0 ? minResource : foundMinResource(study, attributes);
    double value = Objects.requireNonNull(trial.intermediateValues().get(step));
    Decision decision = Decision.CONTINUE;
    for (int rung = completedRungs(trial);
        decision == Decision.CONTINUE && completes(step, resource, rung);
        rung++) {
      if (Double.isNaN(value)) {
        decision = Decision.STOP;
        continue;
      }
      attributes.put(RUNGS.get(rung), value);
      if (pauses) {
        decision = Decision.PAUSE;
      } else if (!isAmongTheBest(study, rivals, trial, rung, value)) {
        decision = Decision.STOP;
      }
    }
    return new Verdict(decision, attributes);
  }

  /** The paused trial that goes on next, if one may. */
  Optional<TrialRecord> promotable(StudyRecord study, Predicate<TrialRecord> rivals) {
    List<TrialRecord> trials = study.trials().stream().filter(rivals).toList();
    int rungs = trials.stream().mapToInt(AshaScheduler::completedRungs).max().orElse(0);
    for (int rung = rungs - 1; rung >= 0; rung--) {
      int at = rung;
      Comparator<TrialRecord> order = bestFirst(study.direction(), at);
      List<TrialRecord> completed =
          trials.stream()
              .filter(trial -> trial.systemAttributes().containsKey(RUNGS.get(at)))
              .toList();
      int places = completed.size() > bootstrapCount ? completed.size() / reductionFactor : 0;
      Optional<TrialRecord> best =
          completed.stream()
              .filter(trial -> Scheduler.isPaused(trial) && completedRungs(trial) == at + 1)
              .min(order)
              .filter(
                  paused ->
                      completed.stream().filter(other -> order.compare(other, paused) < 0).count()
                          < places);
      if (best.isPresent()) {
        return best;
      }
    }
    return Optional.empty();
  }

  /**
   * What is left when no trial may begin and none is to be promoted: if nothing runs and no trial
   * of the study is complete, the best of the highest level goes on alone, so that there is one.
   */
  static Next winner(StudyRecord study, ToIntFunction<TrialRecord> level) {
    boolean needed =
        study.trials().stream()
            .noneMatch(
                trial ->
                    trial.state() == TrialState.COMPLETE
                        || (trial.state() == TrialState.RUNNING && !Scheduler.isPaused(trial)));
    List<TrialRecord> paused =
        study.trials().stream()
            .filter(trial -> needed && Scheduler.isPaused(trial) && completedRungs(trial) > 0)
            .toList();
    int highest = paused.stream().mapToInt(level).max().orElse(0);
    return paused.stream()
        .filter(trial -> level.applyAsInt(trial) == highest)
        .min(
            (a, b) -> {
              double valueA = completed(a, completedRungs(a) - 1);
              double valueB = completed(b, completedRungs(b) - 1);
              return compare(study.direction(), a, valueA, b, valueB);
            })
        .<Next>map(best -> new Next.Resume(best.number()))
        .orElse(Next.WAIT);
  }

  /** How many rungs a trial has completed. */
  static int completedRungs(TrialRecord trial) {
    int rungs = 0;
    while (rungs < RUNGS.size() && trial.systemAttributes().containsKey(RUNGS.get(rungs))) {
      rungs++;
    }
    return rungs;
  }

  private boolean completes(long step, long resource, int rung) {
    double needed = resource * Math.pow(reductionFactor, minEarlyStoppingRate + rung);
    return resource > 0
        && rung < RUNGS.size()
        && step >= needed
        && (maxResource == 0 || needed < maxResource);
  }

  private boolean isAmongTheBest(
      StudyRecord study, Predicate<TrialRecord> rivals, TrialRecord trial, int rung, double value) {
    int completed = 1;
    int better = 0;
    for (TrialRecord other : study.trials()) {
      if (other.number() != trial.number()
          && other.systemAttributes().containsKey(RUNGS.get(rung))
          && rivals.test(other)) {
        completed++;
        if (study.direction().better(completed(other, rung), value)) {
          better++;
        }
      }
    }
    return completed > bootstrapCount && better < Math.max(1, completed / reductionFactor);
  }

  /** Found when the first trial is complete, and kept from then on: all must go by the same. */
  private static long foundMinResource(StudyRecord study, Map<String, Object> attributes) {
    for (TrialRecord trial : study.trials()) {
      if (trial.systemAttributes().get(MIN_RESOURCE) instanceof Number found) {
        return found.longValue();
      }
    }
    long longest = longestComplete(study);
    if (longest < 0) {
      return 0;
    }
    long found = Math.max(longest / 100, 1);
    attributes.put(MIN_RESOURCE, found);
    return found;
  }

  /** The greatest step that a complete trial has reported; −1 if there is none. */
  static long longestComplete(StudyRecord study) {
    return study.trials().stream()
        .filter(trial -> trial.state() == TrialState.COMPLETE)
        .filter(trial -> !trial.intermediateValues().isEmpty())
        .mapToLong(trial -> trial.intermediateValues().lastKey())
        .max()
        .orElse(-1);
  }

  private static Comparator<TrialRecord> bestFirst(Direction direction, int rung) {
    return (a, b) -> compare(direction, a, completed(a, rung), b, completed(b, rung));
  }

  private static int compare(
      Direction direction, TrialRecord a, double valueA, TrialRecord b, double valueB) {
    int order = Double.compare(direction.toMinimize(valueA), direction.toMinimize(valueB));
    return order != 0 ? order : Integer.compare(a.number(), b.number());
  }

  private static double completed(TrialRecord trial, int rung) {
    return trial.systemAttributes().get(RUNGS.get(rung)) instanceof Number value
        ? value.doubleValue()
        : Double.NaN;
  }
}
