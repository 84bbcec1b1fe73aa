package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * NSGA-II: breeds trials from those that no other beats in all objectives, and of them rather from
 * those in sparse places (Deb et al., 2002). For several objectives and some hundred trials or
 * more, with or without {@linkplain TrialRecord#CONSTRAINTS constraints}.
 *
 * <p>Numbers are crossed by simulated binary crossover and mutated polynomially, each with the
 * distribution index 20 (Deb and Agrawal, 1995); choices are taken from either parent, and mutated
 * to any. A generation ends as soon as enough of its trials are complete.
 */
public final class NsgaIISampler implements Sampler {
  /** Which generation a trial belongs to. */
  static final String GENERATION = "nsga2:generation";

  /** The trials that a generation is bred from; at its first trial. */
  static final String PARENTS = "nsga2:parents";

  private static final int POPULATION_SIZE = 50;
  private static final double CROSSOVER_PROBABILITY = 0.9;
  private static final double DISTRIBUTION_INDEX = 20;

  private final int populationSize;

  /** With a population of 50. */
  public NsgaIISampler() {
    this(POPULATION_SIZE);
  }

  /**
   * @param populationSize trials of a generation
   */
  public NsgaIISampler(int populationSize) {
    if (populationSize < 2) {
      throw new IllegalArgumentException(
          "the population size is %s but must be at least 2: a child has two parents"
              .formatted(populationSize));
    }
    this.populationSize = populationSize;
  }

  @Override
  public Suggestion suggest(SamplingRequest request) {
    StudyRecord study = request.study();
    int generation = 0;
    List<TrialRecord> parents = List.of();
    List<TrialRecord> children = new ArrayList<>();
    for (TrialRecord trial : study.trials()) {
      Map<String, Object> marks = trial.systemAttributes();
      if (!(marks.get(GENERATION) instanceof Number number)) {
        continue;
      }
      if (number.intValue() == generation + 1 && marks.get(PARENTS) instanceof List<?> numbers) {
        parents =
            numbers.stream().map(each -> study.trials().get(((Number) each).intValue())).toList();
        generation++;
        children.clear();
      }
      if (number.intValue() == generation && trial.hasAllValues()) {
        children.add(trial);
      }
    }
    Map<String, Object> marks = new LinkedHashMap<>();
    if (children.size() >= populationSize) {
      List<TrialRecord> all = new ArrayList<>(parents);
      all.addAll(children.subList(0, populationSize));
      parents = ranked(all, study).subList(0, populationSize);
      generation++;
      marks.put(PARENTS, parents.stream().map(TrialRecord::number).toList());
    }
    marks.put(GENERATION, generation);
    Map<String, Double> values =
        generation == 0
            ? new RandomSampler().suggest(request).values()
            : child(ranked(parents, study), request);
    return new Suggestion(values, marks);
  }

  /** The best first: by front, in a front the least crowded. */
  private static List<TrialRecord> ranked(List<TrialRecord> trials, StudyRecord study) {
    double[][] values = new double[trials.size()][];
    double[] violations = new double[trials.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = trials.get(i).values();
      for (int k = 0; k < values[i].length; k++) {
        values[i][k] = study.directions().get(k).toMinimize(values[i][k]);
      }
      for (double violation : trials.get(i).violations()) {
        violations[i] += Math.max(0, violation);
      }
    }
    int[] fronts = Domination.fronts(values, violations);
    double[] distances = Domination.crowdingDistances(values, fronts);
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingInt((Integer i) -> fronts[i]).thenComparing(i -> -distances[i]))
        .map(trials::get)
        .toList();
  }

  /** A child of two parents, each the better one of two. */
  private static Map<String, Double> child(List<TrialRecord> ranked, SamplingRequest request) {
    Pcg64 random = request.random();
    TrialRecord mother = winner(ranked, random);
    TrialRecord father = winner(ranked, random);
    boolean crossing = random.nextDouble() < CROSSOVER_PROBABILITY;
    List<Parameter> parameters = request.space().parameters();
    UnitCube cube = new UnitCube(request.space());
    int surelyMutated = random.nextInt(parameters.size());
    Map<String, Double> child = new LinkedHashMap<>();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      if (!request.space().isActive(parameter, child)) {
        continue;
      }
      Double ofMother = gene(mother, parameter);
      Double ofFather = gene(father, parameter);
      if (ofMother == null) {
        ofMother = ofFather;
      }
      if (ofMother == null) {
        child.put(parameter.name(), parameter.quantile(random.nextDouble()));
        continue;
      }
      double gene = cube.coordinate(i, ofMother);
      if (crossing && ofFather != null) {
        double other = cube.coordinate(i, ofFather);
        if (cube.isCategorical(i)) {
          gene = random.nextBoolean() ? gene : other;
        } else if (random.nextBoolean()) {
          gene = cross(gene, other, random);
        }
      }
      // Without it, a child might be its mother again.
      if (i == surelyMutated || random.nextInt(parameters.size()) == 0) {
        gene = cube.isCategorical(i) ? cube.draw(i, random) : mutate(gene, random);
      }
      child.put(parameter.name(), cube.internal(i, gene));
    }
    return child;
  }

  private static TrialRecord winner(List<TrialRecord> ranked, Pcg64 random) {
    return ranked.get(Math.min(random.nextInt(ranked.size()), random.nextInt(ranked.size())));
  }

  private static @Nullable Double gene(TrialRecord trial, Parameter parameter) {
    Double number = trial.parameters().get(parameter.name());
    return number != null && parameter.contains(number) ? number : null;
  }

  /** One of the two children of simulated binary crossover. */
  private static double cross(double a, double b, Pcg64 random) {
    double u = random.nextDouble();
    double spread = Math.pow(u <= 0.5 ? 2 * u : 1 / (2 * (1 - u)), 1 / (DISTRIBUTION_INDEX + 1));
    double side = random.nextBoolean() ? spread : -spread;
    return UnitCube.clip(0.5 * (a + b + side * (a - b)), 0, 1);
  }

  private static double mutate(double gene, Pcg64 random) {
    double u = random.nextDouble();
    double power = 1 / (DISTRIBUTION_INDEX + 1);
    double left = 2 * u + (1 - 2 * u) * Math.pow(1 - gene, DISTRIBUTION_INDEX + 1);
    double right = 2 * (1 - u) + 2 * (u - 0.5) * Math.pow(gene, DISTRIBUTION_INDEX + 1);
    double step = u <= 0.5 ? Math.pow(left, power) - 1 : 1 - Math.pow(right, power);
    return UnitCube.clip(gene + step, 0, 1);
  }
}
