package org.mobula.tune.scheduler;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * Hyperband (Li et al., 2018): {@link AshaScheduler} in several brackets, each of which leaves out
 * one rung more at the bottom, so that a study does not depend on how early trials can be told
 * apart. With a TPE sampler it is BOHB.
 *
 * <p>There are {@code B = floor(log(maxResource / minResource) / log(reductionFactor)) + 1}
 * brackets. A trial's bracket follows from a checksum of the study's name and the trial's number,
 * as in Optuna; bracket b receives trials in proportion to {@code ceil(B × reductionFactor^(B − 1 −
 * b) / (B − b))}. Trials compete with those of their bracket.
 */
@RecordBuilder
public record HyperbandScheduler(
    @Doc("step that completes the lowest rung of the first bracket") @Range(min = 1)
        long minResource,
    @Doc(
            "step at which trials end by themselves; 0 is one more than the last of the first complete trial, before which all go on")
        @Range(min = 0)
        long maxResource,
    @Doc("one in so many trials goes on from each rung") @Range(min = 2) int reductionFactor,
    @Doc("no trial goes on from a rung that not more trials than these have completed")
        @Range(min = 0)
        int bootstrapCount,
    @Doc("whether trials pause at rungs and may go on later, instead of stopping there")
        boolean pauses)
    implements Scheduler, HyperbandSchedulerBuilder.With {
  private static final String MAX_RESOURCE = "hyperband:max_resource";

  /** Checks the values. */
  public HyperbandScheduler {
    Constraints.check(
        HyperbandScheduler.class,
        minResource,
        maxResource,
        reductionFactor,
        bootstrapCount,
        pauses);
    Constraints.require(
        maxResource > 0 || bootstrapCount == 0,
        "bootstrap-count",
        bootstrapCount,
        "must be 0 unless max-resource is given");
    Constraints.require(
        maxResource == 0 || maxResource >= minResource,
        "max-resource",
        maxResource,
        "must be ≥ min-resource (%s), or 0".formatted(minResource));
  }

  /** Pauses; one in 3 goes on, the first from step 1. */
  public static HyperbandScheduler defaults() {
    return new HyperbandScheduler(1, 0, 3, 0, true);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    long max = maxResource(study);
    if (max == 0) {
      long longest = AshaScheduler.longestComplete(study);
      if (longest < 0) {
        return Verdict.CONTINUE;
      }
      // Kept from now on: brackets must not change under those that are in them.
      max = longest + 1;
      attributes.put(MAX_RESOURCE, max);
    }
    long[] budgets = budgets(max);
    int bracket = bracket(study, trial, budgets);
    Verdict verdict =
        asha(bracket, max)
            .onReport(study, other -> bracket(study, other, budgets) == bracket, trial, step);
    attributes.putAll(verdict.attributes());
    return new Verdict(verdict.decision(), attributes);
  }

  @Override
  public Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
    long max = maxResource(study);
    if (!pauses || max == 0) {
      return mayBegin ? Next.SAMPLE : Next.WAIT;
    }
    long[] budgets = budgets(max);
    for (int i = 0; i < budgets.length; i++) {
      int bracket = i;
      Optional<TrialRecord> promoted =
          asha(bracket, max).promotable(study, trial -> bracket(study, trial, budgets) == bracket);
      if (promoted.isPresent()) {
        return new Next.Resume(promoted.get().number());
      }
    }
    return mayBegin
        ? Next.SAMPLE
        : AshaScheduler.winner(
            study, trial -> AshaScheduler.completedRungs(trial) + bracket(study, trial, budgets));
  }

  /** How many of each so many trials are in each bracket. */
  long[] budgets(long max) {
    int brackets = 1;
    for (long reach = minResource; reach <= max / reductionFactor; reach *= reductionFactor) {
      brackets++;
    }
    long[] budgets = new long[brackets];
    for (int bracket = 0; bracket < brackets; bracket++) {
      int rungs = brackets - bracket;
      long trials = brackets * Math.round(Math.pow(reductionFactor, rungs - 1));
      budgets[bracket] = (trials + rungs - 1) / rungs;
    }
    return budgets;
  }

  /** The bracket of a trial. */
  static int bracket(StudyRecord study, TrialRecord trial, long[] budgets) {
    long all = 0;
    for (long budget : budgets) {
      all += budget;
    }
    CRC32 checksum = new CRC32();
    checksum.update((study.name() + "_" + trial.number()).getBytes(StandardCharsets.UTF_8));
    long place = checksum.getValue() % all;
    int bracket = 0;
    while (place >= budgets[bracket]) {
      place -= budgets[bracket];
      bracket++;
    }
    return bracket;
  }

  private AshaScheduler asha(int bracket, long max) {
    return new AshaScheduler(minResource, max, reductionFactor, bracket, bootstrapCount, pauses);
  }

  private long maxResource(StudyRecord study) {
    if (maxResource > 0) {
      return maxResource;
    }
    for (TrialRecord trial : study.trials()) {
      if (trial.systemAttributes().get(MAX_RESOURCE) instanceof Number found) {
        return found.longValue();
      }
    }
    return 0;
  }
}
