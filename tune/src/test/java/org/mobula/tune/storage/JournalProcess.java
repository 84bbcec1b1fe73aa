package org.mobula.tune.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;

/** A process that works on a journal file, for tests and for {@code .ci/optuna_check.py}. */
final class JournalProcess {
  private JournalProcess() {}

  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[1]);
    switch (arguments[0]) {
      case "write" -> write(file);
      case "append" -> append(file, Integer.parseInt(arguments[2]));
      case "overfill" -> overfill(file);
      case "dump" -> {
        try (Journal journal = Journal.open(file)) {
          Files.write(Path.of(arguments[2]), Json.bytes(dump(journal)));
        }
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** Everything that a journal knows, as JSON. */
  static List<Object> dump(Journal journal) {
    List<Object> studies = new ArrayList<>();
    for (StudyRecord study : journal.studies()) {
      List<Object> trials = new ArrayList<>();
      for (TrialRecord trial : study.trials()) {
        Map<String, @Nullable Object> dumped = new LinkedHashMap<>();
        dumped.put("id", trial.id());
        dumped.put("number", trial.number());
        dumped.put("state", trial.state().name());
        dumped.put("values", trial.values());
        dumped.put("params", trial.parameterValues());
        Map<String, Object> distributions = new LinkedHashMap<>();
        trial
            .distributions()
            .forEach((name, given) -> distributions.put(name, SpaceDescription.describe(given)));
        dumped.put("distributions", distributions);
        dumped.put("intermediate", trial.intermediateValues());
        dumped.put("user", trial.userAttributes());
        dumped.put("system", trial.systemAttributes());
        dumped.put("started", micros(trial.started));
        dumped.put("ended", micros(trial.ended));
        trials.add(dumped);
      }
      Map<String, Object> dumped = new LinkedHashMap<>();
      dumped.put("id", study.id());
      dumped.put("name", study.name());
      dumped.put("directions", study.directions().stream().map(Direction::name).toList());
      dumped.put("best", study.bestTrials().stream().map(TrialRecord::number).toList());
      dumped.put("user", study.userAttributes());
      dumped.put("system", study.systemAttributes());
      dumped.put("trials", trials);
      studies.add(dumped);
    }
    return studies;
  }

  private static @Nullable Long micros(@Nullable Instant time) {
    return time == null ? null : ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }

  /** A thousand trials with everything that there is. */
  private static void write(Path file) {
    CategoricalParameter optimizer = CategoricalParameter.of("optimizer", "sgd", "adam", "größe");
    FloatParameter momentum = FloatParameter.uniform("momentum", 0, 1);
    SearchSpace space =
        SearchSpace.builder()
            .add(FloatParameter.log("rate", 1e-7, 1e-1))
            .add(FloatParameter.stepped("dropout", 0, 0.3, 0.1))
            .add(IntParameter.stepped("layers", 1, 8, 2))
            .add(IntParameter.log("batch", 1, 4096))
            .add(optimizer)
            .add(CategoricalParameter.of("mixed", "text", 1, 2.5, true))
            .add(momentum, Condition.when("optimizer", "sgd"))
            .build();
    Pcg64 random = new Pcg64(7);
    try (Journal journal = Journal.open(file)) {
      StudyRecord one = journal.openStudy("one", List.of(Direction.MINIMIZE), space);
      StudyRecord two =
          journal.openStudy("two", List.of(Direction.MAXIMIZE, Direction.MINIMIZE), space);
      journal.setUserAttribute(one, "by", Map.of("who", "Mobula", "seeds", List.of(1, 2)));
      for (int i = 0; i < 1000; i++) {
        StudyRecord study = i % 4 == 3 ? two : one;
        if (i % 50 == 7) {
          journal.enqueue(study, Map.of("fixed_params", Map.of("batch", 32)));
          continue;
        }
        TrialRecord trial =
            journal.createTrial(study, draw(space, random), Map.of("mobula:index", i));
        journal.setUserAttribute(
            trial, "note", List.of("é\n\"\u2028", i, 0.1 * i, i % 2 == 0, Double.NaN));
        for (int step = 0; step < i % 4; step++) {
          journal.report(trial, 10L * step, step == 2 ? Double.NaN : random.uniform(-1, 1) * 1e-9);
        }
        if (i % 10 == 1) {
          journal.setState(trial, TrialState.PRUNED);
        } else if (i % 10 == 2) {
          journal.setSystemAttribute(trial, TrialRecord.FAILURE, "no luck");
          journal.setState(trial, TrialState.FAIL);
        } else if (i % 100 != 5) {
          double value = random.uniform(-1e3, 1e3);
          journal.setState(
              trial,
              TrialState.COMPLETE,
              study == two ? new double[] {value, -i} : new double[] {value});
        }
      }
    }
  }

  private static Map<Parameter, Double> draw(SearchSpace space, Pcg64 random) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    Map<Parameter, Double> drawn = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      if (space.isActive(parameter, numbers)) {
        double number = random.uniform(0, 1);
        if (parameter instanceof FloatParameter range) {
          number =
              range.step() > 0
                  ? range.low() + range.step() * random.nextInt((int) range.cardinality() - 1)
                  : range.low() + number * (range.high() - range.low());
        } else if (parameter instanceof IntParameter range) {
          number = range.low() + range.step() * (double) random.nextLong(range.cardinality());
        } else {
          number = random.nextLong(parameter.cardinality());
        }
        numbers.put(parameter.name(), number);
        drawn.put(parameter, number);
      }
    }
    return drawn;
  }

  /** Adds trials to the study "shared" and says the number of each that is complete. */
  private static void append(Path file, int trials) {
    FloatParameter x = FloatParameter.uniform("x", 0, 1);
    try (Journal journal = Journal.open(file)) {
      StudyRecord study =
          journal.openStudy("shared", List.of(Direction.MINIMIZE), SearchSpace.of(x));
      for (int i = 0; i < trials; i++) {
        TrialRecord trial = journal.createTrial(study, Map.of(x, 0.5), Map.of());
        journal.report(trial, 1, 0.25);
        journal.setState(trial, TrialState.COMPLETE, 0.25);
        System.out.println(trial.number());
      }
    }
  }

  /** Adds more than there is room for, then something small. */
  private static void overfill(Path file) {
    try (Journal journal = Journal.open(file)) {
      StudyRecord study = journal.createStudy("full", List.of(Direction.MINIMIZE));
      try {
        journal.setUserAttribute(study, "large", "x".repeat(1_000_000));
        System.out.println("there was room");
      } catch (UncheckedIOException e) {
        System.out.println(e.getMessage());
      }
      System.out.println(study.userAttributes());
      journal.setUserAttribute(study, "small", "y");
      System.out.println(study.userAttributes());
    }
  }
}
