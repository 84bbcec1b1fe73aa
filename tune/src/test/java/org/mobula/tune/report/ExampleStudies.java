package org.mobula.tune.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** Made-up studies of all kinds. */
final class ExampleStudies {
  static final FloatParameter X = FloatParameter.uniform("x", -5, 10);
  static final FloatParameter Y = FloatParameter.uniform("y", 0, 15);

  private ExampleStudies() {}

  static Map<Parameter, Double> draw(List<Parameter> space, Pcg64 random) {
    Map<Parameter, Double> numbers = new LinkedHashMap<>();
    space.forEach(parameter -> numbers.put(parameter, draw(parameter, random)));
    return numbers;
  }

  static double draw(Parameter parameter, Pcg64 random) {
    if (parameter instanceof FloatParameter number && number.step() == 0) {
      double share = random.nextDouble();
      return number.log()
          ? Math.min(number.high(), number.low() * Math.pow(number.high() / number.low(), share))
          : number.low() + share * (number.high() - number.low());
    } else if (parameter instanceof FloatParameter number) {
      return number.low() + random.nextLong(number.cardinality()) * number.step();
    } else if (parameter instanceof IntParameter integer && integer.log()) {
      double share = random.nextDouble();
      return Math.rint(integer.low() * Math.pow((double) integer.high() / integer.low(), share));
    } else if (parameter instanceof IntParameter integer) {
      return integer.low() + (double) random.nextLong(integer.cardinality()) * integer.step();
    }
    return random.nextLong(parameter.cardinality());
  }

  static double branin(double x, double y) {
    double a = y - 5.1 / (4 * Math.PI * Math.PI) * x * x + 5 / Math.PI * x - 6;
    return a * a + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  }

  /** Random at first, then ever nearer to the best so far. */
  static StudyRecord branin(int trials) {
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("branin", List.of(Direction.MINIMIZE));
    Pcg64 random = new Pcg64(1);
    for (int i = 0; i < trials; i++) {
      double x = draw(X, random);
      double y = draw(Y, random);
      if (i >= 15 && random.nextDouble() < 0.8) {
        TrialRecord best = study.best().orElseThrow();
        double spread = 6.0 / Math.sqrt(i - 10);
        x = clip(best.parameters().getOrDefault("x", 0.0) + spread * random.nextGaussian(), X);
        y = clip(best.parameters().getOrDefault("y", 0.0) + spread * random.nextGaussian(), Y);
      }
      TrialRecord trial = journal.createTrial(study, Map.of(X, x, Y, y), Map.of());
      journal.setState(trial, TrialState.COMPLETE, branin(x, y));
    }
    return study;
  }

  private static double clip(double value, FloatParameter parameter) {
    return Math.max(parameter.low(), Math.min(parameter.high(), value));
  }

  /** An optimizer, with parameters that depend on it. */
  static StudyRecord conditional(int trials) {
    CategoricalParameter kind = CategoricalParameter.of("optimizer.kind", "sgd", "adam");
    FloatParameter rate = FloatParameter.log("optimizer.learning-rate", 1e-5, 1e-1);
    FloatParameter momentum = FloatParameter.uniform("optimizer.momentum", 0, 0.99);
    IntParameter layers = IntParameter.uniform("layers", 1, 4);
    IntParameter units = IntParameter.log("units", 8, 1024);
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("conditional", List.of(Direction.MAXIMIZE));
    Pcg64 random = new Pcg64(2);
    for (int i = 0; i < trials; i++) {
      Map<Parameter, Double> numbers = draw(List.of(kind, rate, layers, units), random);
      double score =
          3 - Math.abs(Math.log10(number(numbers, rate)) + 3) + 0.2 * number(numbers, layers);
      if (number(numbers, kind) == 0) {
        numbers.put(momentum, draw(momentum, random));
        score += number(numbers, momentum) - 0.5;
      }
      journal.setState(journal.createTrial(study, numbers, Map.of()), TrialState.COMPLETE, score);
    }
    return study;
  }

  private static double number(Map<Parameter, Double> numbers, Parameter parameter) {
    return numbers.getOrDefault(parameter, 0.0);
  }

  /** Error against cost. */
  static StudyRecord twoObjectives(int trials) {
    List<Parameter> space =
        List.of(IntParameter.log("units", 8, 1024), FloatParameter.log("learning-rate", 1e-4, 1));
    Journal journal = Journal.inMemory();
    StudyRecord study =
        journal.createStudy("two objectives", List.of(Direction.MAXIMIZE, Direction.MINIMIZE));
    Pcg64 random = new Pcg64(3);
    for (int i = 0; i < trials; i++) {
      Map<Parameter, Double> numbers = draw(space, random);
      double units = number(numbers, space.get(0));
      double rate = Math.log10(number(numbers, space.get(1)));
      journal.setState(
          journal.createTrial(study, numbers, Map.of()),
          TrialState.COMPLETE,
          0.5 + 0.06 * Math.log(units) - 0.05 * (rate + 2) * (rate + 2),
          units * 0.8 + 20 * random.nextDouble());
    }
    return study;
  }

  /** Rungs at 1, 3, 9, 27, 81; the better third goes on. Some run still, fail, or wait. */
  static StudyRecord rungs(int trials) {
    FloatParameter rate = FloatParameter.log("learning-rate", 1e-5, 1e-1);
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("rungs", List.of(Direction.MAXIMIZE));
    Pcg64 random = new Pcg64(4);
    for (int i = 0; i < trials; i++) {
      double number = draw(rate, random);
      double skill = Math.exp(-Math.abs(Math.log10(number) + 3));
      TrialRecord trial = journal.createTrial(study, Map.of(rate, number), Map.of());
      long last = skill > 0.7 ? 81 : skill > 0.4 ? 27 : skill > 0.2 ? 9 : 3;
      if (i % 17 == 11) {
        journal.report(trial, 1, Double.NaN);
        journal.setState(trial, TrialState.FAIL);
        continue;
      }
      for (long step = 1; step <= last; step++) {
        journal.report(
            trial, step, 500 * skill * (1 - Math.exp(-step / 20.0)) + 5 * random.nextGaussian());
      }
      if (i >= trials - 2) {
        continue;
      }
      journal.setState(
          trial,
          last == 81 ? TrialState.COMPLETE : TrialState.PRUNED,
          trial.intermediateValues().lastEntry().getValue());
    }
    journal.enqueue(study, Map.of());
    return study;
  }

  static StudyRecord empty() {
    return Journal.inMemory().createStudy("empty", List.of(Direction.MINIMIZE));
  }

  static StudyRecord single() {
    return branin(1);
  }

  /** NaN, infinity and errors, and two good ones. */
  static StudyRecord troubled() {
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("troubled", List.of(Direction.MINIMIZE));
    double[] values = {Double.NaN, 3, Double.POSITIVE_INFINITY, 2, -1e300, 1e300};
    for (double value : values) {
      TrialRecord trial = journal.createTrial(study, Map.of(X, 1.0, Y, 2.0), Map.of());
      journal.setState(trial, TrialState.COMPLETE, value);
    }
    TrialRecord failed = journal.createTrial(study, Map.of(X, 1.0), Map.of());
    journal.setSystemAttribute(failed, TrialRecord.FAILURE, "out of memory");
    journal.setState(failed, TrialState.FAIL);
    return study;
  }

  /** Characters that mean something in XML, HTML and CSV. */
  static StudyRecord hostile() {
    String text = "</script><b a=\"1\" c='2'>&amp; ,\n\u0000";
    CategoricalParameter choice =
        CategoricalParameter.of("choice " + text, "1 " + text, "2 " + text);
    FloatParameter number = FloatParameter.uniform("number " + text, 0, 1);
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("study " + text, List.of(Direction.MINIMIZE));
    for (int i = 0; i < 20; i++) {
      TrialRecord trial =
          journal.createTrial(study, Map.of(choice, i % 2 * 1.0, number, i / 20.0), Map.of());
      journal.setUserAttribute(trial, "note " + text, text);
      journal.report(trial, 1, i);
      journal.setState(trial, TrialState.COMPLETE, i * 0.3 % 1);
    }
    return study;
  }

  /** Many parameters of each kind and many trials. */
  static StudyRecord large(int trials, int parameters) {
    List<Parameter> space =
        IntStream.range(0, parameters)
            .<Parameter>mapToObj(
                i ->
                    i % 3 == 2
                        ? CategoricalParameter.of("choice-" + i, "left", "right", "middle")
                        : i % 3 == 1
                            ? FloatParameter.log("rate-" + i, 1e-6, 1)
                            : FloatParameter.uniform("share-" + i, 0, 1))
            .toList();
    Journal journal = Journal.inMemory();
    StudyRecord study = journal.createStudy("large", List.of(Direction.MINIMIZE));
    Pcg64 random = new Pcg64(5);
    for (int i = 0; i < trials; i++) {
      Map<Parameter, Double> numbers = draw(space, random);
      TrialRecord trial = journal.createTrial(study, numbers, Map.of());
      for (int step = 1; step <= 10; step++) {
        journal.report(trial, step, random.nextDouble() / step);
      }
      double value = numbers.values().stream().mapToDouble(Double::doubleValue).sum();
      journal.setState(trial, TrialState.COMPLETE, value + random.nextDouble());
    }
    return study;
  }
}
