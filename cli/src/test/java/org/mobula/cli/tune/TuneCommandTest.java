package org.mobula.cli.tune;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.cli.Cli;
import org.mobula.cli.FailingEnvironment;
import org.mobula.cli.TrainingFiles;
import org.mobula.tune.Study;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;

class TuneCommandTest {
  private static final String SEARCH =
      """
      base: tiny.yaml
      space:
        algorithm.ppo.learning-rate: {log: [1e-4, 1e-2]}
        algorithm.ppo.epochs: {integer: [1, 4]}
        evaluation.every: 64
      scheduler:
        asha: {min-resource: 64, max-resource: 256}
      stop: {trials: 6}
      """;

  @TempDir private Path folder;
  private String search = "";

  @BeforeEach
  void writeFiles() throws IOException {
    TrainingFiles.tiny(folder);
    search = TrainingFiles.file(folder, "search.yaml", SEARCH);
  }

  private Cli.Outcome tune(String... arguments) {
    List<String> all = new ArrayList<>(List.of("tune"));
    all.addAll(List.of(arguments));
    all.add("--studies-directory=" + folder.resolve("studies"));
    return Cli.run(all.toArray(String[]::new));
  }

  @Test
  void everySearchAmongTheExamplesIsOne() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("examples"))) {
      assertThat(files.filter(file -> file.toString().endsWith("-search.yaml")))
          .isNotEmpty()
          .allSatisfy(
              file ->
                  assertThat(SearchFile.read(file, List.of()).config().stop().trials())
                      .isPositive());
    }
  }

  @Test
  void searchesShowsAndGoesOn() throws IOException {
    Path trace = folder.resolve("trace.json");
    Cli.Outcome outcome = tune(search, "--trace=" + trace);
    Path study = folder.resolve("studies/search-1");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(new ObjectMapper().readTree(trace.toFile()).get("traceEvents")).isNotEmpty();
    assertThat(outcome.out())
        .startsWith("best: trial ")
        .contains("ended because all 6 trials are done")
        .contains("next: mobula tune best " + study);
    assertThat(outcome.err().lines().filter(line -> line.startsWith("trial "))).hasSize(6);
    assertThat(Files.readString(study.resolve("report.html"))).contains("search-1");

    assertThat(tune("status", "search-1").out().lines())
        .hasSize(8)
        .first()
        .asString()
        .startsWith("TRIAL  STATE");
    String best = tune("best", "search-1").out();
    assertThat(best).contains("evaluate it: mobula evaluate " + study.resolve("trials"));
    assertThat(tune("best").out()).as("of the newest").isEqualTo(best);
    assertThat(best)
        .contains("train anew: mobula train " + study.resolve("base.yaml"))
        .contains("--set evaluation.every=64");
    assertThat(best).contains("serve it: mobula serve search-1=" + study.resolve("trials"));
    assertThat(Cli.run("evaluate", study.toString()).err())
        .contains(study + " is a study, not a run")
        .contains("mobula tune best " + study);
    String run = best.lines().filter(line -> line.startsWith("evaluate it")).findFirst().orElse("");
    Cli.Outcome evaluated =
        Cli.run("evaluate", run.substring(run.indexOf(study.toString())), "--episodes=2");
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    assertThat(tune("export-csv", "search-1").out().lines()).hasSize(7);
    assertThat(tune("report", "search-1", "-o", folder.resolve("page.html").toString()).exitCode())
        .isZero();
    assertThat(folder.resolve("page.html")).isNotEmptyFile();

    Cli.Outcome resumed = tune("--resume=search-1", "--set=stop.trials=8");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(tune("export-csv", "search-1").out().lines()).hasSize(9);
  }

  @Test
  void trialsHaveWorkersShardsAndLearnersOfTheirOwn() throws IOException {
    String whole =
        TrainingFiles.TINY
                .replace("name: CartPole-v1", "{name: CartPole-v1, count: 2}")
                .replace("hidden: [8]", "hidden: [64, 64]")
            + """
            workers: {count: 2}
            parameters:
              server: {shards: 2, learners: 2}
            """;
    TrainingFiles.file(folder, "whole.yaml", whole);
    String file =
        TrainingFiles.file(
            folder,
            "nested.yaml",
            """
            base: whole.yaml
            space: {algorithm.ppo.learning-rate: {log: [1e-4, 1e-2]}}
            stop: {trials: 3}
            parallel: 2
            """);
    List<String> values = new ArrayList<>();
    for (String name : List.of("first", "second")) {
      Cli.Outcome outcome = tune(file, "--name=" + name);
      assertThat(outcome.exitCode()).as(outcome.err()).isZero();
      Path trials = folder.resolve("studies/" + name + "/trials");
      assertThat(Files.readString(trials.resolve("00002/events.jsonl")))
          .contains("learner 1 has joined");
      values.add(
          tune("export-csv", name)
              .out()
              .replaceAll(",[^,\n]*,[^,\n]*,[^,\n]*,([^,\n]*,\\w*\n)", " $1"));
    }
    assertThat(values.get(0)).isEqualTo(values.get(1));
  }

  @Test
  void shardsThatNoTrialCanHaveAreFoundBeforeTheFirst() throws IOException {
    TrainingFiles.file(
        folder, "cut.yaml", TrainingFiles.TINY + "parameters: {server: {shards: 2}}\n");
    Cli.Outcome outcome =
        tune(TrainingFiles.file(folder, "s.yaml", SEARCH.replace("tiny.yaml", "cut.yaml")));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("cut.yaml:").contains("shards is 2 but must be from 1 to 1");
  }

  @Test
  void trialsDoNotShareRunningShards() throws IOException {
    TrainingFiles.file(
        folder,
        "running.yaml",
        TrainingFiles.TINY + "parameters: {server: {addresses: ['127.0.0.1:1']}}\n");
    Cli.Outcome outcome =
        tune(TrainingFiles.file(folder, "s.yaml", SEARCH.replace("tiny.yaml", "running.yaml")));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .contains("running.yaml trains on running shards (parameters.server.addresses)")
        .endsWith("Leave addresses out there: each trial then starts its own shards.\n");
  }

  @Test
  void theBestValuesCanBeTypedIntoAShell() throws IOException {
    String wide =
        SEARCH.replace(
            "algorithm.ppo.epochs: {integer: [1, 4]}", "network.hidden: {choice: [[8, 8]]}");
    String file = TrainingFiles.file(folder, "wide.yaml", wide);
    assertThat(tune(file, "--set=stop.trials=1").exitCode()).isZero();
    assertThat(tune("best").out()).contains(" --set 'network.hidden=[8, 8]' ");
  }

  @Test
  void aPlaceThatCannotBeWrittenIsSaidWithANameToo() throws IOException {
    Files.writeString(folder.resolve("studies"), "in the way");
    assertThat(tune(search, "--name=mine").err())
        .startsWith("mobula: cannot make the study directory " + folder.resolve("studies/mine"))
        .contains("studies is a file")
        .endsWith("\nName a place that can be written to by --studies-directory.\n");
  }

  @Test
  void withoutAnyStudyThereIsNoNewest() {
    Cli.Outcome outcome = tune("best");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith("mobula: there is no study in " + folder.resolve("studies"))
        .contains("mobula tune SEARCH begins one.");
  }

  @Test
  void theFormOfTheFile() throws IOException {
    JsonNode schema = new ObjectMapper().readTree(tune("--schema").out());
    assertThat(schema.at("/properties/scheduler/anyOf/0/enum").toString()).contains("\"asha\"");
    assertThat(schema.at("/properties/space/additionalProperties").toString()).contains("\"log\"");
  }

  @Test
  void eventsAsJson() {
    Cli.Outcome outcome = tune(search, "--json", "--set=stop.trials=2");
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out().lines()).allMatch(line -> line.startsWith("{\"event\":\""));
    assertThat(outcome.out()).contains("\"event\":\"report\"").contains("\"event\":\"finish\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "base: tiny.yaml|base: tny.yaml|search.yaml:1:1: base is tny.yaml but there is no file ",
        "algorithm.ppo.epochs|algorithm.ppo.epoch|search.yaml:4:3: algorithm.ppo.epoch: unknown key epoch under algorithm.ppo; did you mean epochs?",
        "{log: [1e-4, 1e-2]}|{log: [0, 1e-2]}|search.yaml:3:3: the range of algorithm.ppo.learning-rate is logarithmic from 0.0 but a logarithm needs a low > 0",
        "{integer: [1, 4]}|{integer: [4, 1]}|search.yaml:4:3: the range of algorithm.ppo.epochs is 4 to 1 but must not be upside down",
        "{integer: [1, 4]}|{integer: [-4, -1]}|search.yaml:4:3: algorithm.ppo.epochs: epochs is -4 but must be ≥ 1",
        "{integer: [1, 4]}|{integer: [0, 4]}|search.yaml:4:3: algorithm.ppo.epochs: epochs is 0 but must be ≥ 1",
        "{integer: [1, 4]}|{choice: [1, 2, 0]}|search.yaml:4:3: algorithm.ppo.epochs: epochs is 0 but must be ≥ 1",
        "evaluation.every: 64|algorithm.ppo.discount: {uniform: [0.9, 1.2]}|search.yaml:5:3: algorithm.ppo.discount: discount is 1.2 but must be ≥ 0 and ≤ 1",
        "{integer: [1, 4]}|{choice: []}|search.yaml:4:3: the choices of algorithm.ppo.epochs are [] but must be at least one",
        "asha:|ashaa:|search.yaml:7:3: unknown key ashaa under scheduler; did you mean asha?",
        "evaluation.every: 64|seed: 3|search.yaml:6:1: trials report only at their end, for evaluation.every of tiny.yaml is 0",
        "stop: {trials: 6}|constraints: [algorithm.ppo.epochs < x]|search.yaml:2:1: the constraint 'algorithm.ppo.epochs < x' names x, which is not in the space",
        "stop: {trials: 6}|first: [{algorithm.ppo.epoch: 2}]|search.yaml:8:1: a trial with algorithm.ppo.epoch is asked for, which is not in the space",
        "stop: {trials: 6}|first: [{algorithm.ppo.epochs: 9}]|search.yaml:8:1: algorithm.ppo.epochs is 9 but must be an integer from 1 to 4 in steps of 1",
        "stop: {trials: 6}|metric: [a, b]|search.yaml:1:1: direction is [MAXIMIZE] (the default) but must be one for each metric: metric has 2",
        "stop: {trials: 6}|sampler: tpee|search.yaml:8:1: sampler is \"tpee\" but must be one of [auto, cma-es, gp, grid, halton, nsga-ii, random, sobol, tpe]",
      })
  void mistakesAreFoundBeforeAnythingRuns(String part, String change, String error)
      throws IOException {
    String file = TrainingFiles.file(folder, "search.yaml", SEARCH.replace(part, change));
    Cli.Outcome outcome = tune(file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).startsWith(folder.resolve(error).toString());
    assertThat(folder.resolve("studies")).doesNotExist();
  }

  @Test
  void aMetricThatNeverAppearsEndsTheStudy() {
    Cli.Outcome outcome = tune(search, "--set=metric=rollout/episode_return_men");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("there is no metric rollout/episode_return_men in this training")
        .contains("did you mean rollout/episode_return_mean?");
  }

  @Test
  void aStudyThatHasNotBegunCanBe() throws IOException {
    Path study = Files.createDirectories(folder.resolve("studies/new"));
    TrainingFiles.tiny(study);
    TrainingFiles.file(study, "search.yaml", SEARCH);
    Cli.Outcome outcome = tune("status", "new");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo(
            "mobula: %s has not begun: its journal is empty\nmobula tune --resume %s begins it.\n"
                .formatted(study, study));
    assertThat(Cli.run("tune", "--resume", study.toString(), "--set=stop.trials=1").exitCode())
        .isZero();
  }

  @Test
  void severalObjectivesHaveAFront() throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "two.yaml",
            """
            base: tiny.yaml
            space:
              algorithm.ppo.epochs: {integer: [1, 4]}
              evaluation.every: 64
            metric: [evaluation/episode_return_mean, policy/entropy]
            direction: [maximize, minimize]
            stop: {trials: 5}
            """);
    Cli.Outcome outcome = tune(file, "--name=two");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out()).startsWith("Pareto front: trials ");
    assertThat(outcome.err())
        .contains("by evaluation/episode_return_mean and policy/entropy")
        .contains("← on the Pareto front");
    assertThat(tune("status", "two").out()).contains("VALUES").contains("\nPareto front: trials ");

    Set<Integer> front = new TreeSet<>();
    List<JsonNode> trials = jsonLines(tune("status", "two", "--json"));
    for (JsonNode one : trials) {
      if (trials.stream().noneMatch(other -> dominates(other, one))) {
        front.add(one.get("trial").asInt());
      }
    }
    assertThat(jsonLines(tune("best", "two", "--json")))
        .extracting(trial -> trial.get("trial").asInt())
        .containsExactlyElementsOf(front);
    assertThat(tune("best", "two").out().lines())
        .hasSize(front.size() + 2)
        .last()
        .asString()
        .startsWith("more of one: mobula tune best ");
    assertThat(tune("best", "two", "--trial=1").out())
        .startsWith("trial 1 of 5: ")
        .contains("train anew: ");
    assertThat(tune("best", "two", "--trial=5").err()).contains("--trial is 5 but ");
    assertThat(Files.readString(folder.resolve("studies/two/report.html")))
        .contains("Pareto front")
        .contains("evaluation/episode_return_mean");
    assertThat(tune("--resume=two", "--set=stop.trials=6").exitCode()).isZero();
  }

  private static List<JsonNode> jsonLines(Cli.Outcome outcome) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : outcome.out().lines().toList()) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }

  /** Larger is better of the first, smaller of the second. */
  private static boolean dominates(JsonNode winner, JsonNode loser) {
    double first = winner.at("/values/0").asDouble() - loser.at("/values/0").asDouble();
    double second = loser.at("/values/1").asDouble() - winner.at("/values/1").asDouble();
    return first >= 0 && second >= 0 && first + second > 0;
  }

  @Test
  void thePathOfAPopulationIsTrainedOnceMore() throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "population.yaml",
            SEARCH.replace(
                "asha: {min-resource: 64, max-resource: 256}",
                "pbt: {population-size: 4, interval: 64, synchronous: true}"));
    assertThat(tune(file, "--name=p", "--set=stop.trials=3").err())
        .contains("must be {trials: 4} or more, for as many members has the population");
    Cli.Outcome outcome = tune(file, "--name=p", "--set=stop.trials=4");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    List<JsonNode> trials = jsonLines(tune("status", "p", "--json"));
    assertThat(trials).hasSizeGreaterThan(4);
    assertThat(outcome.out())
        .contains(
            "all 4 trials are done, and %s that went on in the place of others"
                .formatted(trials.size() - 4));
    assertThat(tune("replay", "p", "--trial=0").err())
        .contains("trial 0 of ")
        .contains("never started from another's checkpoint");
    int last = trials.size() - 1;
    Cli.Outcome replay = tune("replay", "p", "--trial=" + last, "--name=again");
    assertThat(replay.exitCode()).as(replay.err()).isZero();
    int changes = Files.readAllLines(folder.resolve("studies/again/schedule.jsonl")).size();
    assertThat(changes).isGreaterThan(1);
    List<JsonNode> chain = jsonLines(tune("status", "again", "--json"));
    assertThat(chain).hasSize(changes);
    assertThat(chain.get(changes - 1).get("state").asText()).isEqualTo("complete");
    assertThat(chain.get(changes - 1).get("parameters"))
        .isEqualTo(trials.get(last).get("parameters"));
  }

  @Test
  void aRenamedStudyGoesOnAsItself() throws IOException {
    assertThat(tune(search, "--name=s", "--set=stop.trials=1").exitCode()).isZero();
    Path renamed = Files.move(folder.resolve("studies/s"), folder.resolve("studies/another"));
    Cli.Outcome outcome = tune("--resume=another", "--set=stop.trials=2");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(tune("export-csv", "another").out().lines()).hasSize(3);
    assertThat(tune("best", "another").out())
        .contains("evaluate it: mobula evaluate " + renamed.resolve("trials"));
    assertThat(Files.readAllLines(renamed.resolve("journal.log")))
        .filteredOn(line -> line.contains("\"op_code\":0"))
        .hasSize(1);
  }

  @Test
  void whatOthersAskForNeverEndsTheStudy() throws IOException {
    assertThat(tune(search, "--name=s", "--set=stop.trials=1").exitCode()).isZero();
    Path file = folder.resolve("studies/s/journal.log");
    try (Journal journal = Journal.open(file)) {
      for (Object value : List.of(0.02, "high")) {
        journal.enqueue(
            journal.studies().get(0),
            Map.of("fixed_params", Map.of("algorithm.ppo.learning-rate", value)));
      }
    }
    Files.writeString(file, "{\"op_code\":99}\n", StandardOpenOption.APPEND);
    Cli.Outcome outcome = tune("--resume=s", "--set=stop.trials=4");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.err())
        .contains("warning: " + file + ":")
        .contains("is passed over: ")
        .contains("trial 1 was asked for with algorithm.ppo.learning-rate = 0.02, which is outside")
        .contains("trial 2 failed  algorithm.ppo.learning-rate is high but must be a number from")
        .doesNotContain("Begin another");
    assertThat(tune("status", "s", "--json").out())
        .doesNotContain("\"running\"")
        .contains("\"algorithm.ppo.learning-rate\":0.02,");
  }

  @Test
  void whereEveryTrialFailsTheStudyHasFailed() throws IOException {
    TrainingFiles.file(
        folder,
        "tiny.yaml",
        TrainingFiles.TINY.replace("CartPole-v1", FailingEnvironment.class.getName()));
    Cli.Outcome outcome = tune(search, "--name=bad", "--set=stop.trials=2");
    Path study = folder.resolve("studies/bad");
    assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("mobula: all 2 trials of " + study + " failed, ")
        .contains("the wheel came off")
        .endsWith(
            "mobula tune --resume %s --set stop.trials=4 then tries as many again.\n"
                .formatted(study));
    assertThat(outcome.out()).contains("ended because all 2 trials are done");
  }

  @Test
  void environmentOptionsAreTriedBeforeTheFirstTrial() throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "options.yaml",
            SEARCH.replace(
                "evaluation.every: 64",
                "evaluation.every: 64\n  environment.options.max-episode-steps: {choice: [10, -3]}"));
    Cli.Outcome outcome = tune(file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith(
            folder.resolve("options.yaml")
                + ":6:3: no environment can be made with environment.options.max-episode-steps=-3: ");
    assertThat(folder.resolve("studies")).doesNotExist();
  }

  @Test
  void studiesThatWereMadeElsewhereOpen() throws IOException {
    Path made = folder.resolve("made");
    FloatParameter x = FloatParameter.uniform("x", -5, 5);
    Study.builder(SearchSpace.of(x))
        .name("java")
        .directory(made)
        .trials(3)
        .build()
        .optimize(trial -> trial.get(x));
    assertThat(tune("status", made.toString()).out()).contains("best: trial ");
    assertThat(tune("best", made.toString()).out()).contains("  x: ").doesNotContain("train anew");
    assertThat(tune("report", made.toString()).out()).isEqualTo(made.resolve("report.html") + "\n");

    Path file = folder.resolve("optuna.log");
    Files.copy(made.resolve("journal.log"), file);
    try (Journal journal = Journal.open(file)) {
      journal.createStudy("second", List.of(Direction.MINIMIZE));
    }
    Cli.Outcome status = tune("status", file.toString());
    assertThat(status.out()).contains("best: trial ");
    assertThat(status.err())
        .contains(
            "note: this is java, the first of 2 studies in the journal; --study-name names another: second");
    assertThat(tune("status", file.toString(), "--study-name=second").out()).doesNotContain("best");
    assertThat(tune("status", file.toString(), "--study-name=third").err())
        .isEqualTo("mobula: no study of the journal is called third\nThere are java, second.\n");
    assertThat(tune("report", file.toString()).out())
        .isEqualTo(folder.resolve("report.html") + "\n");
  }

  @Test
  void aStudyThatIsNotThereAndOneThatIs() {
    assertThat(tune("status", "search-2").err()).startsWith("mobula: there is no study search-2");
    assertThat(tune(search, "--name=s", "--set=stop.trials=1").exitCode()).isZero();
    assertThat(tune(search, "--name=s").err()).contains("exists already").contains("tune --resume");
    assertThat(tune("--resume=s", "--set=parallel=2", "--set=space.seed={integer: [0, 9]}").err())
        .contains("is there already and searches something else");
  }
}
