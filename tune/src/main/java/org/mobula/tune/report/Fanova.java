package org.mobula.tune.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.TrialRecord;

/** fANOVA of a random forest: main effects only. */
final class Fanova {
  private static final int TREES = 64;

  private final List<Parameter> parameters;
  private final double[][] features;
  private final double[] targets;
  private final SeedSequence seed;

  /**
   * Prepares the trials.
   *
   * @param parameters that all the trials have
   */
  Fanova(List<Parameter> parameters, List<TrialRecord> trials, int objective, SeedSequence seed) {
    this.parameters = parameters;
    this.seed = seed;
    features = new double[parameters.size()][trials.size()];
    for (int p = 0; p < features.length; p++) {
      Parameter parameter = parameters.get(p);
      ParameterScale scale = ParameterScale.of(parameter);
      for (int t = 0; t < trials.size(); t++) {
        double number = trials.get(t).parameters().getOrDefault(parameter.name(), Double.NaN);
        features[p][t] = parameter instanceof CategoricalParameter ? number : scale.share(number);
      }
    }
    targets = trials.stream().mapToDouble(trial -> trial.values()[objective]).toArray();
  }

  /**
   * The parameters that all complete trials have alike, by name, so that their order in trials
   * changes nothing.
   */
  static List<Parameter> common(List<TrialRecord> trials) {
    List<Parameter> common = null;
    for (TrialRecord trial : trials) {
      if (common == null) {
        common = new ArrayList<>(trial.distributions().values());
      } else {
        common.retainAll(trial.distributions().values());
      }
    }
    if (common == null) {
      return List.of();
    }
    common.sort(Comparator.comparing(Parameter::name));
    return common;
  }

  /** The mean share of the trees' variance, by name. */
  Map<String, Double> importances() {
    int[] choices = new int[parameters.size()];
    for (int p = 0; p < choices.length; p++) {
      choices[p] =
          parameters.get(p) instanceof CategoricalParameter categorical
              ? categorical.choices().size()
              : 0;
    }
    int[][] sorted = new int[parameters.size()][];
    for (int p = 0; p < sorted.length; p++) {
      double[] numbers = features[p];
      sorted[p] =
          IntStream.range(0, targets.length)
              .boxed()
              .sorted(Comparator.comparingDouble(trial -> numbers[trial]))
              .mapToInt(Integer::intValue)
              .toArray();
    }
    if (parameters.isEmpty()) {
      return Map.of();
    }
    double[] sums = new double[parameters.size()];
    for (int i = 0; i < TREES; i++) {
      RegressionTree tree =
          new RegressionTree(
              features, sorted, choices, targets, new Pcg64(seed.stream("tree/" + i)));
      double @Nullable [] shares = tree.varianceShares();
      for (int p = 0; shares != null && p < sums.length; p++) {
        sums[p] += shares[p];
      }
    }
    Map<String, Double> importances = new LinkedHashMap<>();
    for (int p = 0; p < sums.length; p++) {
      importances.put(parameters.get(p).name(), sums[p]);
    }
    return importances;
  }
}
