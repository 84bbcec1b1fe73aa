package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
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
 * What every sampler must do. Extend it, say how a sampler is made, and the tests run; each sampler
 * made must be as every other.
 */
public abstract class SamplerContract {
  /** More than the trials that any sampler begins with before it looks at results. */
  private static final int TRIALS = 60;

  /** A fresh sampler. */
  protected abstract Sampler create();

  /** How many objectives the studies have. */
  protected int objectives() {
    return 1;
  }

  /** Whether the sampler chooses by results, so that they must change what it suggests. */
  protected boolean learns() {
    return true;
  }

  /** A space with every kind of parameter. */
  protected SearchSpace space() {
    return SearchSpace.of(
        FloatParameter.uniform("float", -2, 3),
        FloatParameter.log("log", 1e-5, 10),
        FloatParameter.stepped("step", 0.1, 0.9, 0.1),
        IntParameter.uniform("int", -3, 4),
        IntParameter.stepped("int-step", 2, 20, 3),
        IntParameter.log("int-log", 1, 1000),
        CategoricalParameter.of("choice", "a", "b", "c"),
        FloatParameter.uniform("one", 2, 2),
        CategoricalParameter.fixed("fixed", "only"));
  }

  /** A space with parameters that are there sometimes, two of them in one another's wake. */
  protected SearchSpace conditionalSpace() {
    return SearchSpace.builder()
        .add(CategoricalParameter.of("kind", "tree", "net", "none"))
        .add(IntParameter.uniform("depth", 1, 9), Condition.when("kind", "tree"))
        .add(FloatParameter.log("rate", 1e-4, 1), Condition.when("kind", "net"))
        .add(IntParameter.uniform("layers", 1, 3), Condition.when("kind", "net"))
        .add(IntParameter.log("width", 4, 64), Condition.when("layers", 2, 3))
        .add(FloatParameter.uniform("always", 0, 1))
        .build();
  }

  private StudyRecord study(Journal journal, Direction direction) {
    List<Direction> directions = new ArrayList<>();
    for (int i = 0; i < objectives(); i++) {
      directions.add(direction);
    }
    return journal.createStudy("study", directions);
  }

  private static SamplingRequest request(StudyRecord study, SearchSpace space, int attempt) {
    return new SamplingRequest(study, space, study.trials().size(), attempt, SeedSequence.of(7));
  }

  private static TrialRecord begin(
      Journal journal, StudyRecord study, SearchSpace space, Suggestion suggestion) {
    Map<Parameter, Double> parameters = new LinkedHashMap<>();
    space
        .parameters()
        .forEach(
            parameter -> {
              Double number = suggestion.values().get(parameter.name());
              if (number != null) {
                parameters.put(parameter, number);
              }
            });
    return journal.createTrial(study, parameters, suggestion.attributes());
  }

  /** Values that pull every objective somewhere else. */
  private double[] values(SearchSpace space, Suggestion suggestion) {
    double[] values = new double[objectives()];
    for (Map.Entry<String, Double> chosen : suggestion.values().entrySet()) {
      Parameter parameter = space.parameter(chosen.getKey()).orElseThrow();
      double place = chosen.getValue() / (1 + Math.abs(chosen.getValue()));
      for (int i = 0; i < values.length; i++) {
        values[i] += Math.pow(place - 0.3 * i, 2) + (parameter.cardinality() == 3 ? place : 0);
      }
    }
    return values;
  }

  private static double[] negated(double[] values) {
    double[] negated = values.clone();
    for (int i = 0; i < values.length; i++) {
      negated[i] = -values[i];
    }
    return negated;
  }

  /** Runs trials one after another until there are that many or the sampler has no more. */
  private List<Suggestion> run(
      Sampler sampler,
      StudyRecord study,
      Journal journal,
      SearchSpace space,
      int trials,
      ToDoubleFunction<double[]> scale) {
    List<Suggestion> suggestions = new ArrayList<>();
    for (int i = 0; i < trials; i++) {
      SamplingRequest request = request(study, space, 0);
      if (sampler.exhausted(request).isPresent()) {
        break;
      }
      Suggestion suggestion = sampler.suggest(request);
      suggestions.add(suggestion);
      double[] values = values(space, suggestion);
      double factor = scale.applyAsDouble(values);
      for (int j = 0; j < values.length; j++) {
        values[j] *= factor;
      }
      journal.setState(begin(journal, study, space, suggestion), TrialState.COMPLETE, values);
    }
    return suggestions;
  }

  /** All that can stand in a journal: every state, NaN, infinities, other spaces' trials. */
  private StudyRecord messyStudy(Journal journal, SearchSpace space) {
    StudyRecord study = study(journal, Direction.MINIMIZE);
    Sampler sampler = create();
    for (int i = 0; i < TRIALS; i++) {
      SamplingRequest request = request(study, space, 0);
      if (sampler.exhausted(request).isPresent()) {
        break;
      }
      Suggestion suggestion = sampler.suggest(request);
      TrialRecord trial = begin(journal, study, space, suggestion);
      double[] values = values(space, suggestion);
      switch (i % 15) {
        case 3 -> {} // runs on
        case 4 -> journal.setState(trial, TrialState.FAIL);
        case 5 -> {
          journal.report(trial, 1, values[0]);
          journal.report(trial, 4, values[0] / 2);
          journal.setState(trial, TrialState.PRUNED);
        }
        case 6 -> {
          journal.report(trial, 2, Double.NaN);
          journal.setState(trial, TrialState.PRUNED);
        }
        case 7 -> journal.setState(trial, TrialState.PRUNED);
        case 8 -> {
          values[values.length - 1] = Double.NaN;
          journal.setState(trial, TrialState.COMPLETE, values);
        }
        case 9 -> {
          values[0] = Double.POSITIVE_INFINITY;
          journal.setState(trial, TrialState.COMPLETE, values);
        }
        case 10 -> {
          values[0] = Double.NEGATIVE_INFINITY;
          journal.setState(trial, TrialState.COMPLETE, values);
        }
        case 11 -> {
          journal.setSystemAttribute(trial, TrialRecord.CONSTRAINTS, List.of(-1.0, 0.5));
          journal.setState(trial, TrialState.COMPLETE, values);
        }
        case 12 -> journal.setState(strange(journal, study), TrialState.COMPLETE, values);
        case 13 -> journal.enqueue(study, Map.of());
        case 14 ->
            journal.setState(
                journal.createTrial(study, Map.of(), Map.of()), TrialState.COMPLETE, values);
        default -> journal.setState(trial, TrialState.COMPLETE, values);
      }
    }
    return study;
  }

  /** A trial with the same names, other ranges and kinds, and parameters nobody knows. */
  private static TrialRecord strange(Journal journal, StudyRecord study) {
    Map<Parameter, Double> parameters = new LinkedHashMap<>();
    parameters.put(FloatParameter.uniform("float", 50, 60), 55.0);
    parameters.put(CategoricalParameter.of("log", "x", "y"), 1.0);
    parameters.put(IntParameter.uniform("int", 100, 200), 150.0);
    parameters.put(CategoricalParameter.of("choice", "z", "c", "a"), 0.0);
    parameters.put(FloatParameter.uniform("kind", 0, 9), 8.5);
    parameters.put(FloatParameter.uniform("unknown", 0, 1), 0.5);
    return journal.createTrial(study, parameters, Map.of());
  }

  private static void assertInSpace(SearchSpace space, Suggestion suggestion) {
    Map<String, Double> chosen = new LinkedHashMap<>();
    List<String> expected = new ArrayList<>();
    for (Parameter parameter : space.parameters()) {
      if (space.isActive(parameter, chosen)) {
        expected.add(parameter.name());
        double number = suggestion.values().getOrDefault(parameter.name(), Double.NaN);
        assertThat(parameter.contains(number)).as("%s of %s", number, parameter).isTrue();
        chosen.put(parameter.name(), number);
      }
    }
    assertThat(suggestion.values().keySet()).containsExactlyElementsOf(expected);
  }

  @Test
  void staysInTheSpaceAndInItsOrder() {
    for (SearchSpace space : List.of(space(), conditionalSpace())) {
      try (Journal journal = Journal.inMemory()) {
        StudyRecord study = study(journal, Direction.MINIMIZE);
        run(create(), study, journal, space, TRIALS, values -> 1)
            .forEach(suggestion -> assertInSpace(space, suggestion));
      }
    }
  }

  @Test
  void toleratesAllThatAJournalCanHold() {
    for (SearchSpace space : List.of(space(), conditionalSpace())) {
      try (Journal journal = Journal.inMemory()) {
        StudyRecord study = messyStudy(journal, space);
        Sampler sampler = create();
        for (int attempt = 0; attempt < 20; attempt++) {
          SamplingRequest request = request(study, space, attempt);
          if (sampler.exhausted(request).isEmpty()) {
            assertInSpace(space, sampler.suggest(request));
          }
        }
      }
    }
  }

  @Test
  void answersTheSameRequestAlike() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = messyStudy(journal, space());
      SamplingRequest request = request(study, space(), 0);
      Sampler sampler = create();
      Suggestion suggestion = sampler.suggest(request);
      assertThat(sampler.suggest(request)).isEqualTo(suggestion);
      assertThat(create().suggest(request)).isEqualTo(suggestion);
    }
  }

  @Test
  void remembersNothingThatIsNotInTheJournal() {
    for (SearchSpace space : List.of(space(), conditionalSpace())) {
      try (Journal first = Journal.inMemory();
          Journal second = Journal.inMemory()) {
        List<Suggestion> longLived =
            run(create(), study(first, Direction.MINIMIZE), first, space, TRIALS, values -> 1);
        StudyRecord study = study(second, Direction.MINIMIZE);
        for (Suggestion expected : longLived) {
          assertThat(run(create(), study, second, space, 1, values -> 1)).containsExactly(expected);
        }
      }
    }
  }

  @Test
  void servesSeveralStudiesInTurn() {
    try (Journal first = Journal.inMemory();
        Journal second = Journal.inMemory();
        Journal third = Journal.inMemory()) {
      StudyRecord one = study(first, Direction.MINIMIZE);
      StudyRecord other = study(second, Direction.MINIMIZE);
      StudyRecord alone = study(third, Direction.MINIMIZE);
      Sampler shared = create();
      List<Suggestion> inTurn = new ArrayList<>();
      for (int i = 0; i < TRIALS; i++) {
        inTurn.addAll(run(shared, one, first, space(), 1, values -> 1));
        run(shared, other, second, conditionalSpace(), 1, values -> 1);
      }
      assertThat(inTurn).isEqualTo(run(create(), alone, third, space(), TRIALS, values -> 1));
    }
  }

  @Test
  void leavesTheStudyAlone() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = messyStudy(journal, space());
      String before = everything(study);
      create().suggest(request(study, space(), 0));
      assertThat(everything(study)).isEqualTo(before);
    }
  }

  private static String everything(StudyRecord study) {
    StringBuilder all = new StringBuilder();
    all.append(study).append(study.userAttributes()).append(study.systemAttributes());
    for (TrialRecord trial : study.trials()) {
      all.append(trial)
          .append(trial.parameters())
          .append(trial.distributions())
          .append(trial.intermediateValues())
          .append(trial.userAttributes())
          .append(trial.systemAttributes());
    }
    return all.toString();
  }

  @Test
  void maximisesAsItMinimisesTheNegative() {
    try (Journal first = Journal.inMemory();
        Journal second = Journal.inMemory()) {
      List<Suggestion> minimised =
          run(create(), study(first, Direction.MINIMIZE), first, space(), TRIALS, values -> 1);
      List<Suggestion> maximised =
          run(create(), study(second, Direction.MAXIMIZE), second, space(), TRIALS, values -> -1);
      assertThat(maximised).isEqualTo(minimised);
    }
  }

  @Test
  void looksAtResultsIfItLearns() {
    try (Journal first = Journal.inMemory();
        Journal second = Journal.inMemory()) {
      List<Suggestion> upwards =
          run(create(), study(first, Direction.MINIMIZE), first, space(), TRIALS, values -> 1);
      List<Suggestion> downwards =
          run(create(), study(second, Direction.MINIMIZE), second, space(), TRIALS, values -> -1);
      assertThat(upwards.equals(downwards)).isEqualTo(!learns());
    }
  }

  @Test
  void livesWithValuesThatAreAllEqual() {
    for (SearchSpace space : List.of(space(), conditionalSpace())) {
      try (Journal journal = Journal.inMemory()) {
        run(create(), study(journal, Direction.MINIMIZE), journal, space, TRIALS, values -> 0)
            .forEach(suggestion -> assertInSpace(space, suggestion));
      }
    }
  }

  @Test
  void livesWithOneTrialOfEachState() {
    for (TrialState state : TrialState.values()) {
      try (Journal journal = Journal.inMemory()) {
        StudyRecord study = study(journal, Direction.MINIMIZE);
        Suggestion suggestion = create().suggest(request(study, space(), 0));
        if (state == TrialState.WAITING) {
          journal.enqueue(study, Map.of());
        } else {
          TrialRecord trial = begin(journal, study, space(), suggestion);
          if (state == TrialState.COMPLETE) {
            journal.setState(trial, state, negated(values(space(), suggestion)));
          } else if (state != TrialState.RUNNING) {
            journal.setState(trial, state);
          }
        }
        assertInSpace(space(), create().suggest(request(study, space(), 0)));
      }
    }
  }

  @Test
  void suggestsSomethingElseAtTheNextAttempt() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = messyStudy(journal, space());
      Sampler sampler = create();
      List<Suggestion> attempts = new ArrayList<>();
      for (int attempt = 0; attempt < 5; attempt++) {
        attempts.add(sampler.suggest(request(study, space(), attempt)));
      }
      assertThat(attempts).doesNotHaveDuplicates();
    }
  }

  @Test
  void suggestsSomethingElseWhileTrialsRun() {
    try (Journal journal = Journal.inMemory()) {
      StudyRecord study = study(journal, Direction.MINIMIZE);
      Sampler sampler = create();
      run(sampler, study, journal, space(), TRIALS / 2, values -> 1);
      List<Suggestion> running = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        Suggestion suggestion = sampler.suggest(request(study, space(), 0));
        running.add(suggestion);
        begin(journal, study, space(), suggestion);
      }
      assertThat(running).doesNotHaveDuplicates();
    }
  }

  @Test
  void choosesTheOnlyValueThereIs() {
    SearchSpace space =
        SearchSpace.of(IntParameter.uniform("one", 3, 3), FloatParameter.log("two", 0.1, 0.1));
    try (Journal journal = Journal.inMemory()) {
      for (Suggestion suggestion :
          run(create(), study(journal, Direction.MINIMIZE), journal, space, TRIALS, values -> 1)) {
        assertThat(suggestion.values()).isEqualTo(Map.of("one", 3.0, "two", 0.1));
      }
    }
  }
}
