package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.sampler.GaussianProcess.Belief;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Bayesian optimization: a Gaussian process learns from all complete and pruned trials, and the
 * point with the highest expected improvement is tried next. For expensive trials: up to some
 * hundred of them, and up to some twenty parameters.
 *
 * <p>The process learns how all parameters act together and how each acts alone, so that it follows
 * many hills and valleys along single parameters too. A pruned trial counts with what it reported
 * last, as not better than half of the complete ones; with several objectives it is ignored.
 *
 * <p>Values are first made normal by a power transform (as HEBO does: Cowen-Rivers et al., 2022).
 * {@linkplain TrialRecord#CONSTRAINTS Constraints} are learned by processes of their own. Running
 * trials count as if they had ended as expected. Several objectives become one by other weights for
 * each trial (ParEGO: Knowles, 2006).
 */
public final class GaussianProcessSampler implements Sampler {
  /** The kernels that a trial was chosen with, one after another: where the next fit begins. */
  static final String KERNELS = "gp:kernels";

  /** ParEGO's share of the weighted sum beside the weighted maximum. */
  private static final double SUM_SHARE = 0.05;

  private static final int STARTUP_TRIALS = 10;
  private static final int FIRST_FIT_ITERATIONS = 100;
  private static final int ANEW_ITERATIONS = 25;
  private static final int FIT_ITERATIONS = 10;

  /** With more complete trials than this, kernels are no longer fitted for each new one. */
  private static final int FITTED_EACH = 30;

  /**
   * Every so many trials, the search for kernels also begins from the beginning; with more than
   * {@link #ANEW_SELDOM}, in twice as many, and so on.
   */
  private static final int REGARDED_ANEW = 10;

  private static final int ANEW_SELDOM = 50;

  /** Of a coordinate alone, where that search begins: with a slope, and with ripples. */
  private static final double LONG_REACH = 1;

  private static final double SHORT_REACH = 0.1;

  private final int startupTrials;
  private final Sampler startup = QuasiRandomSampler.sobol();

  public GaussianProcessSampler() {
    this(STARTUP_TRIALS);
  }

  /**
   * @param startupTrials how many trials must have completed or been pruned before the process is
   *     asked; until then, trials are spread evenly
   */
  public GaussianProcessSampler(int startupTrials) {
    if (startupTrials < 1) {
      throw new IllegalArgumentException(
          "the number of startup trials is %s but must be at least 1: a model needs data"
              .formatted(startupTrials));
    }
    this.startupTrials = startupTrials;
  }

  /** What one process learns from; {@code bound} is what its constraint must stay below. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Data(double[][] points, double[] values, double bound) {}

  @Override
  public Suggestion suggest(SamplingRequest request) {
    UnitCube cube = new UnitCube(request.space());
    boolean one = request.study().directions().size() == 1;
    List<TrialRecord> told = new ArrayList<>();
    List<double[]> points = new ArrayList<>();
    List<double[]> running = new ArrayList<>();
    double[] kernels = {};
    for (TrialRecord trial : request.study().trials()) {
      double[] point = cube.point(trial.parameters()).orElse(null);
      boolean tells = trial.hasAllValues() || (one && trial.state() == TrialState.PRUNED);
      if (point != null && tells) {
        told.add(trial);
        points.add(point);
      } else if (point != null && trial.state() == TrialState.RUNNING) {
        running.add(point);
      }
      if (trial.systemAttributes().get(KERNELS) instanceof List<?> numbers) {
        kernels = numbers.stream().mapToDouble(each -> ((Number) each).doubleValue()).toArray();
      }
    }
    if (told.size() < startupTrials) {
      return startup.suggest(request);
    }
    Pcg64 random = request.random();
    double[] values = PowerTransform.normalize(values(told, request.study(), random));
    List<Data> learned = new ArrayList<>();
    learned.add(new Data(points.toArray(double[][]::new), values, 0));
    learned.addAll(constraints(told, points));
    boolean[] categorical = new boolean[cube.dimensions()];
    for (int i = 0; i < categorical.length; i++) {
      categorical[i] = cube.isCategorical(i);
    }
    kernels = fit(learned, categorical, kernels, request.trial());
    Acquisition acquisition =
        acquisition(learned, categorical, kernels, running, leastFeasible(told, values));
    double[][] best =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> values[i]))
            .map(points::get)
            .toArray(double[][]::new);
    points.addAll(running);
    Map<String, Double> chosen =
        new AcquisitionSearch(cube, acquisition, points)
            .search(best, random)
            .map(cube::values)
            .orElseGet(() -> new RandomSampler().suggest(request).values());
    return new Suggestion(chosen, Map.of(KERNELS, DoubleStream.of(kernels).boxed().toList()));
  }

  /** One finite value a trial, to be minimized. */
  private static double[] values(List<TrialRecord> told, StudyRecord study, Pcg64 random) {
    int objectives = study.directions().size();
    if (objectives == 1) {
      return finite(losses(told, study.direction()));
    }
    double[] weights = new double[objectives];
    Arrays.setAll(weights, k -> -Math.log(1 - random.nextDouble()));
    double sum = DoubleStream.of(weights).sum();
    double[] scalars = new double[told.size()];
    double[] most = new double[told.size()];
    for (int k = 0; k < objectives; k++) {
      Direction direction = study.directions().get(k);
      int index = k;
      double[] values =
          finite(
              told.stream()
                  .mapToDouble(trial -> direction.toMinimize(trial.values()[index]))
                  .toArray());
      double low = DoubleStream.of(values).min().orElse(0);
      double range = DoubleStream.of(values).max().orElse(0) - low;
      for (int i = 0; i < values.length; i++) {
        double weighted = range > 0 ? weights[k] / sum * (values[i] - low) / range : 0;
        scalars[i] += SUM_SHARE * weighted;
        most[i] = Math.max(most[i], weighted);
      }
    }
    Arrays.setAll(scalars, i -> scalars[i] + most[i]);
    return scalars;
  }

  /**
   * To be minimized. A pruned trial has what it reported last, but never less than half of the
   * complete ones; an infinite loss if it reported nothing.
   */
  private static double[] losses(List<TrialRecord> told, Direction direction) {
    double[] complete =
        told.stream()
            .filter(TrialRecord::hasAllValues)
            .mapToDouble(trial -> direction.toMinimize(trial.value()))
            .sorted()
            .toArray();
    double least = complete.length > 0 ? complete[complete.length / 2] : Double.NEGATIVE_INFINITY;
    return told.stream()
        .mapToDouble(
            trial ->
                trial.hasAllValues()
                    ? direction.toMinimize(trial.value())
                    : Math.max(least, lastLoss(trial, direction)))
        .toArray();
  }

  private static double lastLoss(TrialRecord trial, Direction direction) {
    double last =
        trial.intermediateValues().isEmpty()
            ? Double.NaN
            : trial.intermediateValues().lastEntry().getValue();
    return Double.isNaN(last) ? Double.POSITIVE_INFINITY : direction.toMinimize(last);
  }

  /** Infinite values become the lowest or highest finite one. */
  private static double[] finite(double[] values) {
    double low = DoubleStream.of(values).filter(Double::isFinite).min().orElse(0);
    double high = DoubleStream.of(values).filter(Double::isFinite).max().orElse(0);
    return DoubleStream.of(values).map(value -> UnitCube.clip(value, low, high)).toArray();
  }

  /** What is known of each constraint. */
  private static List<Data> constraints(List<TrialRecord> told, List<double[]> points) {
    int count = told.stream().mapToInt(trial -> trial.violations().length).max().orElse(0);
    List<Data> constraints = new ArrayList<>();
    for (int c = 0; c < count; c++) {
      List<double[]> where = new ArrayList<>();
      List<Double> what = new ArrayList<>();
      for (int i = 0; i < told.size(); i++) {
        double[] violations = told.get(i).violations();
        if (c < violations.length && !Double.isNaN(violations[c])) {
          where.add(points.get(i));
          what.add(violations[c]);
        }
      }
      double[] values = finite(what.stream().mapToDouble(Double::doubleValue).toArray());
      double mean = PowerTransform.mean(values);
      double deviation = PowerTransform.deviation(values, mean);
      constraints.add(
          new Data(
              where.toArray(double[][]::new),
              PowerTransform.standardize(values),
              -mean / Math.max(deviation, Double.MIN_NORMAL)));
    }
    return constraints;
  }

  /** The lowest value of a trial that keeps all constraints; positive infinity if none does. */
  private static double leastFeasible(List<TrialRecord> told, double[] values) {
    return IntStream.range(0, values.length)
        .filter(i -> DoubleStream.of(told.get(i).violations()).allMatch(v -> v <= 0))
        .mapToDouble(i -> values[i])
        .min()
        .orElse(Double.POSITIVE_INFINITY);
  }

  /** Brings the kernels up to date; where there are none yet, or others, from the beginning. */
  private static double[] fit(
      List<Data> learned, boolean[] categorical, double[] kernels, int trial) {
    int length = GaussianProcess.kernelLength(categorical.length);
    boolean known = kernels.length == learned.size() * length;
    int count = learned.get(0).values.length;
    boolean anew = !known || trial % (REGARDED_ANEW * (1 + count / ANEW_SELDOM)) == 0;
    if (!anew && trial % Math.max(1, count / FITTED_EACH) != 0) {
      return kernels;
    }
    double[] fitted = new double[learned.size() * length];
    for (int m = 0; m < learned.size(); m++) {
      Data data = learned.get(m);
      List<double[]> starts = new ArrayList<>();
      if (known) {
        starts.add(Arrays.copyOfRange(kernels, m * length, (m + 1) * length));
      }
      if (anew) {
        starts.add(GaussianProcess.firstKernel(categorical.length, LONG_REACH));
        starts.add(GaussianProcess.firstKernel(categorical.length, SHORT_REACH));
      }
      double[] kernel =
          GaussianProcess.fit(
              categorical,
              data.points,
              data.values,
              starts,
              !known ? FIRST_FIT_ITERATIONS : anew ? ANEW_ITERATIONS : FIT_ITERATIONS);
      System.arraycopy(kernel, 0, fitted, m * length, length);
    }
    return fitted;
  }

  private static Acquisition acquisition(
      List<Data> learned,
      boolean[] categorical,
      double[] kernels,
      List<double[]> running,
      double best) {
    int length = GaussianProcess.kernelLength(categorical.length);
    List<GaussianProcess> processes = new ArrayList<>();
    double[] bounds = new double[learned.size() - 1];
    double leastBelieved = Double.POSITIVE_INFINITY;
    for (int m = 0; m < learned.size(); m++) {
      Data data = learned.get(m);
      double[] kernel = Arrays.copyOfRange(kernels, m * length, (m + 1) * length);
      GaussianProcess process = new GaussianProcess(categorical, data.points, data.values, kernel);
      if (m > 0) {
        bounds[m - 1] = data.bound;
      } else if (!running.isEmpty()) {
        Data believed = believed(process, data, running);
        process = new GaussianProcess(categorical, believed.points, believed.values, kernel);
        leastBelieved = DoubleStream.of(believed.values).min().orElse(leastBelieved);
      }
      processes.add(process);
    }
    return new Acquisition(
        processes.get(0),
        // Where nothing is feasible yet, no value is worth an improvement.
        best < Double.POSITIVE_INFINITY ? Math.min(best, leastBelieved) : best,
        processes.subList(1, processes.size()),
        bounds,
        categorical.length);
  }

  /** With running trials taken to end as expected (the kriging believer). */
  private static Data believed(GaussianProcess process, Data data, List<double[]> running) {
    int n = data.values.length;
    double[][] points = Arrays.copyOf(data.points, n + running.size());
    double[] values = Arrays.copyOf(data.values, n + running.size());
    Belief belief = new Belief(running.get(0).length);
    for (int i = 0; i < running.size(); i++) {
      process.predict(running.get(i), belief);
      points[n + i] = running.get(i);
      values[n + i] = belief.mean;
    }
    return new Data(points, values, data.bound);
  }
}
