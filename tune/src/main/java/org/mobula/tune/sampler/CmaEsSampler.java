package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * CMA-ES: draws from a normal distribution that moves, stretches and turns towards better trials
 * (Hansen, 2016). For numbers, one objective, and some hundred trials or more.
 *
 * <p>Choices, and parameters that are there only sometimes, are drawn uniformly. A generation ends
 * as soon as enough of its trials have; a pruned trial counts as worse than all complete ones. When
 * the distribution has collapsed, a new one begins elsewhere with twice the population (IPOP, Auger
 * and Hansen, 2005).
 */
public final class CmaEsSampler implements Sampler {
  /** Which generation a trial belongs to, over all restarts. */
  static final String GENERATION = "cma:generation";

  /** The trials that the previous generation ended with; at the first trial of a generation. */
  static final String TOLD = "cma:told";

  private static final double FIRST_SIGMA = 1.0 / 6;

  private final double firstSigma;
  private @Nullable Evolution kept;

  public CmaEsSampler() {
    this(FIRST_SIGMA);
  }

  /**
   * @param firstSigma standard deviation of the first generation, as a share of each range
   */
  public CmaEsSampler(double firstSigma) {
    if (!(firstSigma > 0 && firstSigma <= 1)) {
      throw new IllegalArgumentException(
          "the first sigma is %s but must be > 0 and at most 1: it is a share of each range"
              .formatted(firstSigma));
    }
    this.firstSigma = firstSigma;
  }

  @Override
  public Suggestion suggest(SamplingRequest request) {
    Evolution evolution = kept;
    if (evolution == null || !evolution.isOf(request)) {
      evolution = new Evolution(request, firstSigma);
      kept = evolution;
    }
    return evolution.suggest(request);
  }

  /** Where the search stands: a distribution of some generation, after some restarts. */
  private record Stage(CmaEs distribution, int generation, int restarts) {}

  /** The stages of one study, as far as they were worked out. */
  private static final class Evolution {
    private final StudyRecord study;
    private final SearchSpace space;
    private final SeedSequence seed;
    private final double firstSigma;
    private final List<Parameter> searched;
    private final UnitCube cube;

    /** The latest one that has trials in the journal. */
    private Stage stage;

    /** The first trial that may belong to it. */
    private int first;

    /** How many trials belong to it. */
    private int begun;

    Evolution(SamplingRequest request, double firstSigma) {
      study = request.study();
      space = request.space();
      seed = request.seed();
      this.firstSigma = firstSigma;
      searched =
          space.parameters().stream()
              .filter(parameter -> !(parameter instanceof CategoricalParameter))
              .filter(parameter -> parameter.cardinality() > 1)
              .filter(parameter -> space.condition(parameter).isEmpty())
              .toList();
      cube = new UnitCube(space, searched);
      stage = new Stage(distribution(0), 0, 0);
    }

    boolean isOf(SamplingRequest request) {
      return study == request.study()
          && space.equals(request.space())
          && seed.equals(request.seed());
    }

    private CmaEs distribution(int restarts) {
      double[] mean = new double[searched.size()];
      Arrays.fill(mean, 0.5);
      if (restarts > 0) {
        Pcg64 random = new Pcg64(seed.stream("cma/restart/" + restarts));
        Arrays.setAll(mean, i -> random.nextDouble());
      }
      int populationSize = CmaEs.populationSize(Math.max(1, mean.length)) << restarts;
      return new CmaEs(mean, firstSigma, populationSize);
    }

    Suggestion suggest(SamplingRequest request) {
      if (searched.isEmpty()) {
        return new RandomSampler().suggest(request);
      }
      List<TrialRecord> ended = endedOfLatestStage();
      int needed = stage.distribution.populationSize;
      if (ended.size() < needed) {
        return suggest(stage, begun, Map.of(GENERATION, stage.generation), request);
      }
      // The stage is kept only once a trial with these marks is in the journal.
      List<TrialRecord> told = ended.subList(0, needed);
      Stage next = after(stage, told);
      Map<String, Object> marks = new LinkedHashMap<>();
      marks.put(GENERATION, next.generation);
      marks.put(TOLD, told.stream().map(TrialRecord::number).toList());
      return suggest(next, 0, marks, request);
    }

    private List<TrialRecord> endedOfLatestStage() {
      List<TrialRecord> trials = study.trials();
      List<TrialRecord> ended = new ArrayList<>();
      begun = 0;
      for (int i = first; i < trials.size(); i++) {
        TrialRecord trial = trials.get(i);
        Map<String, Object> marks = trial.systemAttributes();
        if (!(marks.get(GENERATION) instanceof Number generation)) {
          continue;
        }
        if (generation.intValue() == stage.generation + 1
            && marks.get(TOLD) instanceof List<?> told) {
          stage =
              after(stage, told.stream().map(n -> trials.get(((Number) n).intValue())).toList());
          first = i;
          begun = 0;
          ended.clear();
        }
        if (generation.intValue() == stage.generation) {
          begun++;
          if (hasEnded(trial)) {
            ended.add(trial);
          }
        }
      }
      return ended;
    }

    private boolean hasEnded(TrialRecord trial) {
      return (trial.state() == TrialState.PRUNED
              || (trial.state() == TrialState.COMPLETE && !Double.isNaN(trial.value())))
          && cube.point(trial.parameters()).isPresent();
    }

    private Stage after(Stage stage, List<TrialRecord> told) {
      Direction direction = study.direction();
      List<TrialRecord> ranked = new ArrayList<>(told);
      ranked.sort(
          Comparator.comparingDouble((TrialRecord trial) -> rank(trial, direction))
              .thenComparing(CmaEsSampler::lastStep, Comparator.reverseOrder()));
      double[][] points =
          ranked.stream()
              .map(trial -> cube.point(trial.parameters()).orElseThrow())
              .toArray(double[][]::new);
      CmaEs next =
          stage.distribution.after(
              points,
              rank(ranked.get(0), direction),
              rank(ranked.get(ranked.size() - 1), direction));
      return next.isSpent()
          ? new Stage(distribution(stage.restarts + 1), stage.generation + 1, stage.restarts + 1)
          : new Stage(next, stage.generation + 1, stage.restarts);
    }

    /**
     * The {@code index}-th trial of a stage. The first ones of a stage go out at right angles to
     * each other, as do those after them, which tells more than chance would (Wang, Emmerich and
     * Bäck, 2014).
     */
    private Suggestion suggest(
        Stage stage, int index, Map<String, Object> marks, SamplingRequest request) {
      int dimensions = searched.size();
      Pcg64 random = request.random();
      Pcg64 shared = new Pcg64(seed.stream("cma/" + stage.generation + "/" + index / dimensions));
      double[] point =
          request.attempt() > 0
              ? stage.distribution.ask(random)
              : stage.distribution.ask(
                  CmaEs.orthogonal(dimensions, shared)[index % dimensions], random);
      Map<String, Double> drawn = cube.values(point);
      Map<String, Double> values = new LinkedHashMap<>();
      for (Parameter parameter : space.parameters()) {
        Double number = drawn.get(parameter.name());
        if (number != null) {
          values.put(parameter.name(), number);
        } else if (space.isActive(parameter, values)) {
          values.put(parameter.name(), parameter.quantile(random.nextDouble()));
        }
      }
      return new Suggestion(values, marks);
    }
  }

  private static double rank(TrialRecord trial, Direction direction) {
    return trial.state() == TrialState.PRUNED
        ? Double.POSITIVE_INFINITY
        : direction.toMinimize(trial.value());
  }

  private static long lastStep(TrialRecord trial) {
    return trial.intermediateValues().isEmpty() ? -1 : trial.intermediateValues().lastKey();
  }
}
