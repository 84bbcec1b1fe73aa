package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * The tree-structured Parzen estimator (Bergstra et al., 2011; Watanabe, 2023) by the rules of
 * Optuna 5: a density of the parameters of the best tenth of the trials, one of all the others, and
 * of some points drawn from the first the one at which it is largest against the second.
 *
 * <p>With one objective, all parameters that are always there together share a density; with
 * several (Ozaki et al., 2022) each has its own. The first trials are random. Pruned and infeasible
 * trials rank behind complete ones, running trials count as bad.
 *
 * <p>It departs from Optuna in one thing: with one objective, the point chosen goes on uphill, in
 * three small random steps for each parameter, those that fail undone. Of so few points drawn none
 * is near the density ratio's maximum unless there are very few parameters.
 */
public final class TpeSampler implements Sampler {
  private static final int STARTUP_TRIALS = 10;
  private static final int CANDIDATES = 24;
  private static final int STEPS_PER_PARAMETER = 3;

  /** In widths of the kernel that is largest at the point. */
  private static final double FIRST_STEP = 0.6;

  private static final double SHRINKAGE = 0.93;

  private final int startupTrials;
  private final int candidates;
  private final RandomSampler random = new RandomSampler();
  private final Observations observations = new Observations();

  /** Begins with 10 random trials, and chooses among 24 points. */
  public TpeSampler() {
    this(STARTUP_TRIALS, CANDIDATES);
  }

  /**
   * @param startupTrials how many must have completed or been pruned before they are looked at, ≥ 1
   * @param candidates among how many points one is chosen, ≥ 1
   */
  public TpeSampler(int startupTrials, int candidates) {
    if (startupTrials < 1 || candidates < 1) {
      throw new IllegalArgumentException(
          "there are %s startup trials and %s candidates but both must be ≥ 1"
              .formatted(startupTrials, candidates));
    }
    this.startupTrials = startupTrials;
    this.candidates = candidates;
  }

  @Override
  public Suggestion suggest(SamplingRequest request) {
    StudyRecord study = request.study();
    SearchSpace space = request.space();
    if (!TpeSplit.hasTold(study, startupTrials)) {
      return random.suggest(request);
    }
    TpeSplit split = TpeSplit.of(study);
    observations.update(study, space);
    boolean several = study.directions().size() > 1;
    Pcg64 generator = request.random();
    Map<String, Double> chosen = new LinkedHashMap<>();
    for (List<Parameter> group : groups(space, !several)) {
      if (space.isActive(group.get(0), chosen)) {
        choose(group, split, several, generator, chosen);
      }
    }
    Map<String, Double> inOrder = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      Double number = chosen.get(parameter.name());
      if (number != null) {
        inOrder.put(parameter.name(), number);
      }
    }
    return Suggestion.of(inOrder);
  }

  /** Parameters that are there always together; a condition is on one of an earlier group. */
  private static Collection<List<Parameter>> groups(SearchSpace space, boolean together) {
    Map<Object, List<Parameter>> groups = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      Optional<Condition> condition = space.condition(parameter);
      groups
          .computeIfAbsent(together ? condition : parameter, key -> new ArrayList<>())
          .add(parameter);
    }
    return groups.values();
  }

  private void choose(
      List<Parameter> group,
      TpeSplit split,
      boolean several,
      Pcg64 generator,
      Map<String, Double> chosen) {
    List<Parameter> free = new ArrayList<>();
    for (Parameter parameter : group) {
      if (parameter.cardinality() > 1) {
        free.add(parameter);
      } else {
        chosen.put(parameter.name(), parameter.quantile(0));
      }
    }
    if (free.isEmpty()) {
      return;
    }
    ParzenEstimator below = estimator(free, split.below(), several);
    ParzenEstimator above = estimator(free, split.above(), false);
    double[] best = best(below, above, several ? 0 : STEPS_PER_PARAMETER * free.size(), generator);
    for (int i = 0; i < best.length; i++) {
      chosen.put(free.get(i).name(), best[i]);
    }
  }

  /** The best of some points, improved by small random steps, which shrink as they fail. */
  private double[] best(ParzenEstimator below, ParzenEstimator above, int steps, Pcg64 generator) {
    double[] best = {};
    double most = Double.NEGATIVE_INFINITY;
    for (double[] point : below.sample(generator, candidates)) {
      double ratio = below.logDensity(point) - above.logDensity(point);
      if (best.length == 0 || ratio > most) {
        best = point;
        most = ratio;
      }
    }
    int kernel = below.largest(best);
    double scale = FIRST_STEP;
    for (int i = 0; i < steps; i++) {
      double[] point = below.near(best, kernel, scale, generator);
      double ratio = below.logDensity(point) - above.logDensity(point);
      if (ratio > most) {
        best = point;
        most = ratio;
        kernel = below.largest(best);
      } else {
        scale *= SHRINKAGE;
      }
    }
    return best;
  }

  private ParzenEstimator estimator(
      List<Parameter> parameters, List<TrialRecord> trials, boolean uniform) {
    Observations.Columns columns = observations.of(parameters, trials);
    double[] weights = ParzenEstimator.weightsByAge(columns.numbers[0].length);
    if (uniform) {
      Arrays.fill(weights, 1);
    }
    return new ParzenEstimator(parameters, columns.numbers, columns.orders, weights);
  }
}
