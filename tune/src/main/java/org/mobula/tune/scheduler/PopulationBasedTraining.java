package org.mobula.tune.scheduler;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.NotEmpty;
import org.mobula.core.config.Range;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Population based training (Jaderberg et al., 2017): every {@code interval} steps a member of the
 * population that is among the worst goes on from the checkpoint of one among the best, with
 * parameters near to that one's. The rules and defaults are those of Ray Tune.
 *
 * <p>The parameters of a trial never change. A member that is replaced ends as pruned, and a new
 * trial takes its place in the population; its system attributes say which place ({@code
 * pbt:member}), whose checkpoint ({@code pbt:parent}) and the step of it ({@code pbt:start}). All
 * others pause when their interval is over, so that there is a checkpoint to copy, and go on, the
 * least trained first: with fewer places than members they take turns.
 *
 * <p>If {@code synchronous}, members wait until all have come to the end of the interval, and the
 * outcome does not depend on which is faster. Otherwise each is compared with what the others last
 * had when their interval was over.
 *
 * <p>A parameter is drawn anew with {@code resampleProbability}; otherwise a number is multiplied
 * by one of the factors, with the fraction of an integer cut off, and a choice becomes a neighbour
 * in its list. What comes out is held to the range of the parameter. If it breaks the space's
 * constraints it is done again.
 */
@RecordBuilder
public record PopulationBasedTraining(
    @Doc("members of the population") @Range(min = 2) int populationSize,
    @Doc("steps between two decisions on a member") @Range(min = 1) long interval,
    @Doc("steps before the first decision on a member") @Range(min = 0) long burnIn,
    @Doc("part of the population that is replaced, and as large a part to replace it")
        @Range(min = 0, max = 0.5)
        double quantileFraction,
    @Doc("how often a parameter is drawn anew rather than changed a little")
        @Range(min = 0, max = 1)
        double resampleProbability,
    @Doc("a number is multiplied by one of these") @NotEmpty @Range(exclusiveMin = 0)
        List<Double> perturbationFactors,
    @Doc("whether members wait for one another at the end of an interval") boolean synchronous)
    implements Scheduler, PopulationBasedTrainingBuilder.With {
  static final String PARENT = "pbt:parent";
  static final String START = "pbt:start";
  private static final String MEMBER = "pbt:member";

  /** The step at which the last interval was over, at first the parent's. */
  private static final String STEP = "pbt:step";

  /** The step of the checkpoint with which a trial last paused, at first the parent's. */
  private static final String CHECKPOINT = "pbt:checkpoint";

  /** How many intervals were over at that step. */
  private static final String ROUND = "pbt:round";

  /** For a trial that is to be replaced, those that may be copied. */
  private static final String DONORS = "pbt:donors";

  private static final int ATTEMPTS = 100;

  /** Checks the values. */
  public PopulationBasedTraining {
    perturbationFactors = List.copyOf(perturbationFactors);
    Constraints.check(
        PopulationBasedTraining.class,
        populationSize,
        interval,
        burnIn,
        quantileFraction,
        resampleProbability,
        perturbationFactors,
        synchronous);
  }

  /** Eight members and an interval of 10 steps, asynchronous. */
  public static PopulationBasedTraining defaults() {
    return new PopulationBasedTraining(8, 10, 0, 0.25, 0.25, List.of(1.2, 0.8), false);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    if (!trial.systemAttributes().containsKey(MEMBER)
        || step < burnIn
        || step - number(trial, STEP) < interval) {
      return Verdict.CONTINUE;
    }
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put(STEP, step);
    attributes.put(ROUND, number(trial, ROUND) + 1);
    if (!synchronous) {
      List<TrialRecord> rivals = new ArrayList<>(newest(study).values());
      rivals.removeIf(rival -> rival.state().isFinished() || (rival != trial && !isScored(rival)));
      List<TrialRecord> ranked =
          bestFirst(study, rivals, rival -> rival == trial ? step : number(rival, STEP));
      int replaced = quantile(ranked.size());
      if (ranked.indexOf(trial) >= ranked.size() - replaced) {
        attributes.put(DONORS, ranked.subList(0, replaced).stream().map(r -> r.number()).toList());
        return new Verdict(Decision.STOP, attributes);
      }
    }
    attributes.put(CHECKPOINT, step);
    return new Verdict(Decision.PAUSE, attributes);
  }

  @Override
  public boolean copies() {
    return true;
  }

  @Override
  public Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
    Map<Long, TrialRecord> newest = newest(study);
    if (newest.size() < populationSize && mayBegin) {
      return new Next.Sample(Map.of(MEMBER, newest.size()));
    }
    for (TrialRecord trial : study.trials()) {
      if (Scheduler.isPaused(trial)
          && isScored(trial)
          && newest.get(number(trial, MEMBER)) != trial) {
        return new Next.Stop(trial.number());
      }
    }
    Optional<TrialRecord> leastTrained =
        newest.values().stream()
            .filter(trial -> Scheduler.isPaused(trial) || isToBeReplaced(trial))
            .min(
                Comparator.<TrialRecord>comparingLong(
                        trial -> number(trial, synchronous ? ROUND : STEP))
                    .thenComparingInt(TrialRecord::number));
    if (leastTrained.isEmpty()) {
      return Next.WAIT;
    }
    TrialRecord member = leastTrained.get();
    if (member.systemAttributes().get(DONORS) instanceof List<?> donors) {
      return replace(
          member,
          donors.stream().map(donor -> study.trials().get(((Number) donor).intValue())).toList(),
          space,
          seed);
    }
    long round = number(member, ROUND);
    if (synchronous) {
      if (newest.values().stream()
          .anyMatch(trial -> !trial.state().isFinished() && number(trial, ROUND) < round)) {
        return Next.WAIT;
      }
      // Who is still of this round never changes but by going on to the next, which only those do
      // that are not replaced: asked again, the answer is no other.
      List<TrialRecord> ranked =
          bestFirst(
              study,
              study.trials().stream()
                  .filter(trial -> isScored(trial) && number(trial, ROUND) == round)
                  .toList(),
              trial -> number(trial, STEP));
      int replaced = quantile(ranked.size());
      for (TrialRecord worst : ranked.subList(ranked.size() - replaced, ranked.size())) {
        if (newest.get(number(worst, MEMBER)) == worst) {
          return replace(worst, ranked.subList(0, replaced), space, seed);
        }
      }
    }
    return new Next.Resume(member.number());
  }

  private Next replace(
      TrialRecord worst, List<TrialRecord> donors, SearchSpace space, SeedSequence seed) {
    long step = number(worst, STEP);
    Pcg64 random = new Pcg64(seed.stream("pbt/" + worst.number() + "/" + step));
    TrialRecord donor = donors.get(random.nextInt(donors.size()));
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put(MEMBER, number(worst, MEMBER));
    attributes.put(PARENT, donor.number());
    long start = number(donor, CHECKPOINT);
    attributes.put(START, start);
    attributes.put(STEP, start);
    attributes.put(CHECKPOINT, start);
    attributes.put(ROUND, number(donor, ROUND));
    return new Next.Copy(donor.number(), explore(donor, space, random), attributes);
  }

  private Map<String, Double> explore(TrialRecord donor, SearchSpace space, Pcg64 random) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Map<String, Double> values = new LinkedHashMap<>();
      for (Parameter parameter : space.parameters()) {
        if (space.isActive(parameter, values)) {
          Double old = donor.parameters().get(parameter.name());
          if (old != null
              && parameter.contains(old)
              && random.nextDouble() >= resampleProbability) {
            values.put(parameter.name(), perturb(parameter, old, random));
          } else {
            values.put(parameter.name(), parameter.draw(random));
          }
        }
      }
      if (space.broken(values).isEmpty()) {
        return values;
      }
    }
    return new LinkedHashMap<>(donor.parameters());
  }

  private double perturb(Parameter parameter, double old, Pcg64 random) {
    if (parameter instanceof CategoricalParameter choice) {
      int neighbour = (int) old + (random.nextBoolean() ? 1 : -1);
      return Math.max(0, Math.min(choice.choices().size() - 1, neighbour));
    }
    double factor = perturbationFactors.get(random.nextInt(perturbationFactors.size()));
    if (parameter instanceof IntParameter integer) {
      long within = Math.max(integer.low(), Math.min(integer.high(), (long) (old * factor)));
      return integer.low() + (within - integer.low()) / integer.step() * integer.step();
    }
    FloatParameter number = (FloatParameter) parameter;
    double within = Math.max(number.low(), Math.min(number.high(), old * factor));
    if (number.step() == 0) {
      return within;
    }
    double steps = Math.rint((within - number.low()) / number.step());
    return Math.min(number.high(), number.low() + steps * number.step());
  }

  private int quantile(int members) {
    return Math.min((int) Math.ceil(members * quantileFraction), members / 2);
  }

  private static boolean isToBeReplaced(TrialRecord trial) {
    return trial.state() == TrialState.PRUNED && trial.systemAttributes().containsKey(DONORS);
  }

  /** The trial that has each place in the population. */
  private static Map<Long, TrialRecord> newest(StudyRecord study) {
    Map<Long, TrialRecord> newest = new TreeMap<>();
    for (TrialRecord trial : study.trials()) {
      if (trial.systemAttributes().containsKey(MEMBER)) {
        newest.put(number(trial, MEMBER), trial);
      }
    }
    return newest;
  }

  /** Whether a trial itself has come to the end of an interval. */
  private static boolean isScored(TrialRecord trial) {
    return trial.systemAttributes().containsKey(MEMBER)
        && trial.intermediateValues().containsKey(number(trial, STEP));
  }

  private static List<TrialRecord> bestFirst(
      StudyRecord study, List<TrialRecord> trials, ToLongFunction<TrialRecord> step) {
    // NaN comes last, in both directions.
    ToDoubleFunction<TrialRecord> score =
        trial ->
            study
                .direction()
                .toMinimize(
                    trial.intermediateValues().getOrDefault(step.applyAsLong(trial), Double.NaN));
    return trials.stream()
        .sorted(Comparator.comparingDouble(score).thenComparingInt(TrialRecord::number))
        .toList();
  }

  /** A number among the system attributes; 0 if there is none. */
  static long number(TrialRecord trial, String attribute) {
    return trial.systemAttributes().get(attribute) instanceof Number number
        ? number.longValue()
        : 0;
  }
}
