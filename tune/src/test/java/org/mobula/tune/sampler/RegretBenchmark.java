package org.mobula.tune.sampler;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * The median simple regret of samplers on functions whose minimum is known, and the processor's
 * time that a trial costs, journal and function included; one JSON line for each pair.
 *
 * <p>Usage: {@code RegretBenchmark [seeds [samplers [functions [trials]]]]}, the middle two
 * separated by commas or {@code all}; by default 20 seeds of 100 trials. Two seeds run first,
 * without being counted, to warm up.
 */
public final class RegretBenchmark {
  private static final int WARM_UP_SEEDS = 2;
  private static final List<String> SAMPLERS =
      List.of("random", "sobol", "halton", "tpe", "cmaes", "gp", "auto");

  private RegretBenchmark() {}

  /** A function to minimise. */
  record Function(
      String name, SearchSpace space, double minimum, ToDoubleFunction<Map<String, Object>> body) {

    static Function of(
        String name,
        int dimensions,
        double low,
        double high,
        double minimum,
        ToDoubleFunction<double[]> body) {
      SearchSpace.Builder space = SearchSpace.builder();
      for (int i = 0; i < dimensions; i++) {
        space.add(FloatParameter.uniform("x" + i, low, high));
      }
      return new Function(
          name, space.build(), minimum, values -> body.applyAsDouble(floats(values)));
    }

    private static double[] floats(Map<String, Object> values) {
      return values.values().stream()
          .mapToDouble(value -> ((Number) value).doubleValue())
          .toArray();
    }
  }

  public static void main(String[] arguments) {
    int seeds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
    List<String> samplers = chosen(arguments, 1, SAMPLERS);
    List<Function> all = functions();
    List<String> names = chosen(arguments, 2, all.stream().map(Function::name).toList());
    int trials = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 100;
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
    for (Function function : all) {
      if (names.contains(function.name)) {
        for (String sampler : samplers) {
          out.println(measure(function, sampler, seeds, trials));
        }
      }
    }
  }

  private static List<String> chosen(String[] arguments, int index, List<String> all) {
    return arguments.length > index && !arguments[index].equals("all")
        ? Arrays.asList(arguments[index].split(",", -1))
        : all;
  }

  private static Sampler sampler(String name, int trials) {
    return switch (name) {
      case "random" -> new RandomSampler();
      case "sobol" -> QuasiRandomSampler.sobol();
      case "halton" -> QuasiRandomSampler.halton();
      case "tpe" -> new TpeSampler();
      case "cmaes" -> new CmaEsSampler();
      case "gp" -> new GaussianProcessSampler();
      case "auto" -> new AutoSampler(trials);
      default -> throw new IllegalArgumentException("there is no sampler " + name);
    };
  }

  private static String measure(Function function, String sampler, int seeds, int trials) {
    for (int seed = 0; seed < WARM_UP_SEEDS; seed++) {
      regret(function, sampler(sampler, trials), 1000 + seed, trials);
    }
    double[] regrets = new double[seeds];
    long start = nanoseconds();
    for (int seed = 0; seed < seeds; seed++) {
      regrets[seed] = regret(function, sampler(sampler, trials), seed, trials);
    }
    double milliseconds = (nanoseconds() - start) * 1e-6 / seeds / trials;
    Arrays.sort(regrets);
    return String.format(
        Locale.ROOT,
        "{\"sampler\": \"mobula %s\", \"function\": \"%s\", \"trials\": %d, \"seeds\": %d, \"median_regret\": %.4g, \"upper_quartile_regret\": %.4g, \"milliseconds_per_trial\": %.4f}",
        sampler,
        function.name,
        trials,
        seeds,
        regrets[seeds / 2],
        regrets[3 * seeds / 4],
        milliseconds);
  }

  /** Of this thread's work, so that other programs do not count. */
  private static long nanoseconds() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  static double regret(Function function, Sampler sampler, long seed, int trials) {
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("study", List.of(Direction.MINIMIZE));
    SeedSequence root = SeedSequence.of(seed);
    for (int i = 0; i < trials; i++) {
      Suggestion suggestion =
          sampler.suggest(new SamplingRequest(study, function.space, i, 0, root));
      Map<Parameter, Double> parameters = new LinkedHashMap<>();
      for (Parameter parameter : function.space.parameters()) {
        Double number = suggestion.values().get(parameter.name());
        if (number != null) {
          parameters.put(parameter, number);
        }
      }
      TrialRecord trial = journal.createTrial(study, parameters, suggestion.attributes());
      double value = function.body.applyAsDouble(function.space.values(suggestion.values()));
      journal.setState(trial, TrialState.COMPLETE, value);
    }
    return study.best().orElseThrow().value() - function.minimum;
  }

  static List<Function> functions() {
    return List.of(
        new Function(
            "branin",
            SearchSpace.of(FloatParameter.uniform("x", -5, 10), FloatParameter.uniform("y", 0, 15)),
            0.397887,
            values -> branin(number(values, "x"), number(values, "y"))),
        Function.of("hartmann6", 6, 0, 1, -3.32237, RegretBenchmark::hartmann6),
        Function.of("rosenbrock5", 5, -5, 5, 0, RegretBenchmark::rosenbrock),
        Function.of("rastrigin4", 4, -5.12, 5.12, 0, RegretBenchmark::rastrigin),
        Function.of("michalewicz5", 5, 0, Math.PI, -4.687658, RegretBenchmark::michalewicz),
        Function.of("ackley5", 5, -32.768, 32.768, 0, RegretBenchmark::ackley),
        Function.of("styblinskitang5", 5, -5, 5, -195.8308285, RegretBenchmark::styblinskiTang),
        conditional(),
        mixed(),
        Function.of("sphere5", 5, -5, 5, 0, shifted(RegretBenchmark::sphere)),
        Function.of("ellipsoid5", 5, -5, 5, 0, shifted(RegretBenchmark::ellipsoid)),
        Function.of("rastrigin5shifted", 5, -5, 5, 0, shifted(RegretBenchmark::rastrigin)),
        Function.of("ackley5shifted", 5, -5, 5, 0, shifted(RegretBenchmark::ackley)),
        Function.of("levy5", 5, -5, 5, 0, shifted(RegretBenchmark::levy)),
        Function.of("griewank5", 5, -5, 5, 0, shifted(RegretBenchmark::griewank)),
        Function.of("stepellipsoid5", 5, -5, 5, 0, shifted(RegretBenchmark::stepEllipsoid)),
        Function.of("sphere20", 20, -5, 5, 0, shifted(RegretBenchmark::sphere)));
  }

  /** Parameters of every kind. */
  private static Function mixed() {
    return new Function(
        "mixed",
        SearchSpace.of(
            FloatParameter.log("rate", 1e-5, 1),
            FloatParameter.uniform("momentum", 0, 1),
            FloatParameter.stepped("dropout", 0, 0.9, 0.1),
            IntParameter.uniform("layers", 1, 8),
            IntParameter.log("width", 8, 1024),
            CategoricalParameter.of("optimizer", "sgd", "adam", "rmsprop", "lion")),
        0,
        RegretBenchmark::mixedLoss);
  }

  /** A choice that decides which other parameters there are. */
  private static Function conditional() {
    return new Function(
        "conditional",
        SearchSpace.builder()
            .add(CategoricalParameter.of("method", "line", "count", "rate"))
            .add(FloatParameter.uniform("shared", 0, 1))
            .add(FloatParameter.uniform("x", -5, 5), Condition.when("method", "line"))
            .add(FloatParameter.uniform("y", -5, 5), Condition.when("method", "line"))
            .add(IntParameter.uniform("count", 1, 40), Condition.when("method", "count"))
            .add(FloatParameter.log("rate", 1e-6, 1), Condition.when("method", "rate"))
            .add(FloatParameter.log("decay", 1e-8, 1e-2), Condition.when("method", "rate"))
            .build(),
        0,
        RegretBenchmark::conditionalLoss);
  }

  private static double number(Map<String, Object> values, String name) {
    return ((Number) Objects.requireNonNull(values.get(name))).doubleValue();
  }

  /** Moves the optimum from the middle of the range, where most test functions have it. */
  private static ToDoubleFunction<double[]> shifted(ToDoubleFunction<double[]> body) {
    return x -> {
      double[] z = new double[x.length];
      Arrays.setAll(z, i -> x[i] - Math.cos(3.0 * i + 1) * 3);
      return body.applyAsDouble(z);
    };
  }

  private static double branin(double x, double y) {
    double parabola = y - 5.1 / (4 * Math.PI * Math.PI) * x * x + 5 / Math.PI * x - 6;
    return parabola * parabola + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  }

  private static double hartmann6(double[] x) {
    double[] alpha = {1, 1.2, 3, 3.2};
    double[][] a = {
      {10, 3, 17, 3.5, 1.7, 8},
      {.05, 10, 17, .1, 8, 14},
      {3, 3.5, 1.7, 10, 17, 8},
      {17, 8, .05, 10, .1, 14}
    };
    double[][] p = {
      {.1312, .1696, .5569, .0124, .8283, .5886},
      {.2329, .4135, .8307, .3736, .1004, .9991},
      {.2348, .1451, .3522, .2883, .3047, .6650},
      {.4047, .8828, .8732, .5743, .1091, .0381}
    };
    double sum = 0;
    for (int i = 0; i < alpha.length; i++) {
      double exponent = 0;
      for (int j = 0; j < x.length; j++) {
        exponent += a[i][j] * (x[j] - p[i][j]) * (x[j] - p[i][j]);
      }
      sum += alpha[i] * Math.exp(-exponent);
    }
    return -sum;
  }

  private static double rosenbrock(double[] x) {
    double sum = 0;
    for (int i = 0; i + 1 < x.length; i++) {
      double valley = x[i + 1] - x[i] * x[i];
      sum += 100 * valley * valley + (1 - x[i]) * (1 - x[i]);
    }
    return sum;
  }

  private static double sphere(double[] z) {
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      sum += z[i] * z[i];
    }
    return sum;
  }

  private static double ellipsoid(double[] z) {
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      sum += Math.pow(1e3, i / (z.length - 1.0)) * z[i] * z[i];
    }
    return sum;
  }

  private static double rastrigin(double[] z) {
    double sum = 10.0 * z.length;
    for (int i = 0; i < z.length; i++) {
      sum += z[i] * z[i] - 10 * Math.cos(2 * Math.PI * z[i]);
    }
    return sum;
  }

  private static double michalewicz(double[] x) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum -= Math.sin(x[i]) * Math.pow(Math.sin((i + 1) * x[i] * x[i] / Math.PI), 20);
    }
    return sum;
  }

  private static double styblinskiTang(double[] x) {
    double sum = 0;
    for (double each : x) {
      sum += (Math.pow(each, 4) - 16 * each * each + 5 * each) / 2;
    }
    return sum;
  }

  private static double ackley(double[] z) {
    double squares = 0;
    double cosines = 0;
    for (int i = 0; i < z.length; i++) {
      squares += z[i] * z[i] / z.length;
      cosines += Math.cos(2 * Math.PI * z[i]) / z.length;
    }
    return 20 + Math.E - 20 * Math.exp(-0.2 * Math.sqrt(squares)) - Math.exp(cosines);
  }

  private static double levy(double[] z) {
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      double w = 1 + z[i] / 4;
      if (i == 0) {
        sum += Math.pow(Math.sin(Math.PI * w), 2);
      }
      double ripple =
          i + 1 < z.length
              ? 10 * Math.pow(Math.sin(Math.PI * w + 1), 2)
              : Math.pow(Math.sin(2 * Math.PI * w), 2);
      sum += (w - 1) * (w - 1) * (1 + ripple);
    }
    return sum;
  }

  private static double griewank(double[] z) {
    double sum = 1;
    double product = 1;
    for (int i = 0; i < z.length; i++) {
      double wide = 20 * z[i];
      sum += wide * wide / 4000;
      product *= Math.cos(wide / Math.sqrt(i + 1));
    }
    return sum - product;
  }

  private static double stepEllipsoid(double[] z) {
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      double stepped = Math.abs(z[i]) > 0.5 ? Math.rint(z[i]) : Math.rint(10 * z[i]) / 10;
      sum += Math.pow(100, i / (z.length - 1.0)) * stepped * stepped;
    }
    return Math.max(sum, 1e-4 * Math.abs(z[0]));
  }

  private static double mixedLoss(Map<String, Object> values) {
    double rate = Math.log10(number(values, "rate")) + 2.7;
    double momentum = number(values, "momentum") - 0.83;
    double dropout = number(values, "dropout") - 0.2;
    double layers = number(values, "layers") - 3;
    double width = Math.log(number(values, "width") / 200.0);
    double penalty =
        List.of("adam", "lion", "rmsprop", "sgd")
            .indexOf(Objects.requireNonNull(values.get("optimizer")));
    return rate * rate
        + 4 * momentum * momentum * (1 + penalty)
        + 2 * dropout * dropout
        + 0.1 * layers * layers * (1 + Math.abs(rate))
        + 0.2 * width * width
        + 0.5 * penalty;
  }

  private static double conditionalLoss(Map<String, Object> values) {
    double loss = Math.pow(number(values, "shared") - 0.7, 2);
    return loss
        + switch (String.valueOf(values.get("method"))) {
          case "line" -> {
            double x = number(values, "x");
            yield 0.2 + (x - 1) * (x - 1) + Math.pow(number(values, "y") + x, 2);
          }
          case "count" -> 0.1 + 0.05 * Math.pow(number(values, "count") - 23, 2);
          default -> {
            double rate = Math.log10(number(values, "rate")) + 3.3;
            double decay = Math.log10(number(values, "decay")) + 5.2;
            yield rate * rate + 0.5 * (decay - rate) * (decay - rate);
          }
        };
  }
}
