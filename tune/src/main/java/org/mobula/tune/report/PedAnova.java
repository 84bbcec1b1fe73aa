package org.mobula.tune.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.numbers.gamma.Erfc;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.TrialRecord;

/**
 * PED-ANOVA with Optuna 5's constants. A parameter that has a range of its own in some trials is
 * looked at range by range (a regime); the trials that lack it are a regime without importance.
 */
final class PedAnova {
  private static final double TARGET_QUANTILE = 0.1;
  private static final int GRID = 50;
  private static final double PRIOR_WEIGHT = 1;
  private static final int LEAST_TRIALS_OF_REGIME = 2;
  private static final double LEAST_DENSITY = 1e-12;

  private final List<TrialRecord> region;
  private final Set<TrialRecord> target = new HashSet<>();

  /**
   * Prepares the trials.
   *
   * @param region all trials, with finite values
   */
  PedAnova(List<TrialRecord> region, int objective, Direction direction) {
    this.region = region;
    double[] losses =
        region.stream()
            .mapToDouble(trial -> direction.toMinimize(trial.values()[objective]))
            .toArray();
    double[] sorted = losses.clone();
    Arrays.sort(sorted);
    double worst = sorted[(int) Math.ceil(TARGET_QUANTILE * sorted.length) - 1];
    for (int i = 0; i < losses.length; i++) {
      if (losses[i] <= worst) {
        target.add(region.get(i));
      }
    }
  }

  /** By name; they do not add up to anything. */
  Map<String, Double> importances() {
    Map<String, Map<Parameter, List<TrialRecord>>> regimes = new TreeMap<>();
    for (TrialRecord trial : region) {
      trial
          .distributions()
          .forEach(
              (name, parameter) ->
                  regimes
                      .computeIfAbsent(name, any -> new LinkedHashMap<>())
                      .computeIfAbsent(parameter, any -> new ArrayList<>())
                      .add(trial));
    }
    Map<String, Double> importances = new LinkedHashMap<>();
    regimes.forEach(
        (name, ofName) ->
            importances.put(
                name,
                ofName.entrySet().stream()
                    .mapToDouble(regime -> importance(regime.getKey(), regime.getValue()))
                    .sum()));
    return importances;
  }

  /** Theorem 4.2 of the conditional PED-ANOVA, one regime. */
  private double importance(Parameter parameter, List<TrialRecord> trials) {
    List<TrialRecord> best = trials.stream().filter(target::contains).toList();
    if (trials.size() < LEAST_TRIALS_OF_REGIME || best.isEmpty() || parameter.cardinality() == 1) {
      return 0;
    }
    double quantile = (double) target.size() / region.size();
    double ofTarget = (double) best.size() / target.size();
    double ofRegion = (double) trials.size() / region.size();
    double[] top = density(parameter, best);
    double[] local = density(parameter, trials);
    double divergence = 0; // Pearson's
    for (int i = 0; i < top.length; i++) {
      double difference = top[i] / local[i] - 1;
      divergence += local[i] * difference * difference;
    }
    return quantile * quantile * ofTarget * ofTarget / ofRegion * divergence;
  }

  /** A Parzen estimator's probabilities of the cells of a grid, or of the choices. */
  private static double[] density(Parameter parameter, List<TrialRecord> trials) {
    int[] counts = counts(parameter, trials);
    double[] density =
        parameter instanceof CategoricalParameter ? ofChoices(counts) : ofCells(counts);
    for (int i = 0; i < density.length; i++) {
      density[i] += LEAST_DENSITY;
    }
    return density;
  }

  private static int[] counts(Parameter parameter, List<TrialRecord> trials) {
    int cells = cells(parameter);
    ParameterScale scale = ParameterScale.of(parameter);
    double width = (scale.scaled(scale.high()) - scale.scaled(scale.low())) / (cells - 1);
    int[] counts = new int[cells];
    for (TrialRecord trial : trials) {
      double number = trial.parameters().getOrDefault(parameter.name(), Double.NaN);
      if (!(parameter instanceof CategoricalParameter)) {
        // A number in the middle of two cells goes to the lower one.
        double place = (scale.scaled(number) - scale.scaled(scale.low())) / width;
        number = Math.max(0, Math.min(cells - 1, Math.ceil(place - 0.5)));
      }
      counts[(int) number]++;
    }
    return counts;
  }

  private static int cells(Parameter parameter) {
    if (parameter instanceof CategoricalParameter categorical) {
      return categorical.choices().size();
    } else if (parameter instanceof IntParameter integer && integer.log()) {
      double doublings = Math.log((double) (integer.high() - integer.low() + 1)) / Math.log(2);
      return Math.min((int) Math.ceil(doublings) + 1, GRID);
    } else if (parameter instanceof FloatParameter number && number.step() == 0) {
      return GRID;
    }
    return (int) Math.min(parameter.cardinality(), GRID);
  }

  /** Kernels of the seen choices, and a uniform prior. */
  private static double[] ofChoices(int[] counts) {
    int kernels = 1;
    int trials = 0;
    for (int count : counts) {
      kernels += count > 0 ? 1 : 0;
      trials += count;
    }
    double smoothing = PRIOR_WEIGHT / kernels;
    double row = 1 + counts.length * smoothing;
    double[] density = new double[counts.length];
    for (int i = 0; i < counts.length; i++) {
      // Each of the trials spreads the smoothing over all choices and 1 on its own.
      double seen = (trials * smoothing + counts[i]) / row;
      density[i] = (seen + PRIOR_WEIGHT / counts.length) / (trials + PRIOR_WEIGHT);
    }
    return density;
  }

  /** Normal kernels on the cells' numbers with Scott's bandwidth, and a wide prior. */
  private static double[] ofCells(int[] counts) {
    int cells = counts.length;
    double sigma = bandwidth(counts);
    double[] density = new double[cells];
    double weights = PRIOR_WEIGHT;
    for (int i = 0; i < cells; i++) {
      if (counts[i] > 0) {
        addKernel(density, counts[i], i, sigma);
        weights += counts[i];
      }
    }
    addKernel(density, PRIOR_WEIGHT, (cells - 1) / 2.0, cells);
    for (int i = 0; i < cells; i++) {
      density[i] /= weights;
    }
    return density;
  }

  private static void addKernel(double[] density, double weight, double mean, double sigma) {
    double all = mass((-0.5 - mean) / sigma, (density.length - 0.5 - mean) / sigma);
    for (int i = 0; i < density.length; i++) {
      density[i] += weight * mass((i - 0.5 - mean) / sigma, (i + 0.5 - mean) / sigma) / all;
    }
  }

  /** Of the standard normal distribution, exact in both tails. */
  private static double mass(double from, double to) {
    if (from > 0) {
      return mass(-to, -from);
    }
    return 0.5 * (Erfc.value(-to / Math.sqrt(2)) - Erfc.value(-from / Math.sqrt(2)));
  }

  private static double bandwidth(int[] counts) {
    long sum = 0;
    double mean = 0;
    for (int i = 0; i < counts.length; i++) {
      sum += counts[i];
      mean += (double) counts[i] * i;
    }
    mean /= sum;
    double squares = 0;
    for (int i = 0; i < counts.length; i++) {
      squares += counts[i] * (i - mean) * (i - mean);
    }
    double deviation = Math.sqrt(squares / Math.max(1, sum - 1));
    int lower = -1;
    int upper = -1;
    int last = -1;
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        seen += counts[i];
        lower = lower < 0 && seen >= sum / 4 ? i : lower;
        upper = upper < 0 && seen > sum * 3 / 4 ? i : upper;
        last = i;
      }
    }
    double interquartile = (upper < 0 ? last : upper) - lower;
    double scott = 1.059 * Math.min(interquartile / 1.34, deviation) * Math.pow((double) sum, -0.2);
    return Math.max(scott, 0.5 / 1.64); // 90 % of the narrowest kernel lie in its cell
  }
}
