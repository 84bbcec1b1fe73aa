package org.mobula.tune.report;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * How much each parameter matters for an objective, from the complete trials with finite values.
 *
 * <p>The answers are shares by the parameters' names, the largest first, that add up to 1; equal
 * shares where nothing matters, none where there are fewer than two such trials.
 */
public final class Importances {
  private Importances() {}

  /**
   * PED-ANOVA: how much the density of a parameter among the best tenth of the trials differs from
   * its density among all of them. It knows of parameters that are there only sometimes. As Optuna
   * 5 computes it, where it is the default.
   *
   * @param objective its index in the study's directions
   * @see <a href="https://arxiv.org/abs/2304.10255">Watanabe et al., PED-ANOVA, 2023</a>
   * @see <a href="https://arxiv.org/abs/2601.20800">the conditional PED-ANOVA, 2026</a>
   */
  public static Map<String, Double> pedAnova(StudyRecord study, int objective) {
    return pedAnova(study, objective, finite(study, objective));
  }

  static Map<String, Double> pedAnova(StudyRecord study, int objective, List<TrialRecord> trials) {
    return trials.size() < 2
        ? Map.of()
        : shares(
            study,
            new PedAnova(trials, objective, study.directions().get(objective)).importances());
  }

  /**
   * fANOVA: the share of a random forest's variance over the space that a parameter explains alone.
   * Only of parameters that all complete trials have, with the same range. A logarithmic parameter
   * is measured by its logarithm, as it was searched; Optuna measures it linearly.
   *
   * @param objective its index in the study's directions
   * @param seed of the forest of 64 trees
   * @see <a href="http://proceedings.mlr.press/v32/hutter14.html">Hutter et al., 2014</a>
   */
  public static Map<String, Double> fanova(StudyRecord study, int objective, SeedSequence seed) {
    return fanova(study, objective, seed, finite(study, objective));
  }

  static Map<String, Double> fanova(
      StudyRecord study, int objective, SeedSequence seed, List<TrialRecord> trials) {
    return trials.size() < 2
        ? Map.of()
        : shares(study, new Fanova(Fanova.common(trials), trials, objective, seed).importances());
  }

  private static List<TrialRecord> finite(StudyRecord study, int objective) {
    Trials.checkObjective(study, objective);
    return study.trials().stream()
        .filter(trial -> trial.state() == TrialState.COMPLETE)
        .filter(
            trial -> {
              double[] values = trial.values();
              return objective < values.length && Double.isFinite(values[objective]);
            })
        .toList();
  }

  /** A parameter with one value cannot matter. */
  private static boolean isFixed(StudyRecord study, String name) {
    return study.trials().stream()
        .map(trial -> trial.distributions().get(name))
        .allMatch(parameter -> parameter == null || parameter.cardinality() == 1);
  }

  private static Map<String, Double> shares(StudyRecord study, Map<String, Double> importances) {
    double sum = importances.values().stream().mapToDouble(Double::doubleValue).sum();
    long free = importances.keySet().stream().filter(name -> !isFixed(study, name)).count();
    Map<String, Double> shares = new LinkedHashMap<>();
    importances.entrySet().stream()
        .sorted(
            Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .forEach(
            importance ->
                shares.put(
                    importance.getKey(),
                    sum > 0
                        ? importance.getValue() / sum
                        : isFixed(study, importance.getKey()) ? 0 : 1.0 / free));
    return shares;
  }
}
