package org.mobula.tune.scheduler;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * Trains once more with the schedule of parameters that a trial of {@link PopulationBasedTraining}
 * and those it descends from had: as a chain of trials, each of which goes on from the last one's
 * checkpoint.
 *
 * @param changes in the order of their steps, the first at step 0
 */
public record PbtReplay(List<Change> changes) implements Scheduler {
  private static final String CHANGE = "replay:change";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * From a step on, these parameters.
   *
   * @param parameters by name, as objectives see them
   */
  public record Change(long step, Map<String, Object> parameters) {
    /** Copies the parameters. */
    public Change {
      parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }
  }

  /** Checks the order. */
  public PbtReplay {
    changes = List.copyOf(changes);
    if (changes.isEmpty() || changes.get(0).step() != 0) {
      throw new IllegalArgumentException(
          "the changes are %s but must begin with the parameters of step 0".formatted(changes));
    }
    for (int i = 1; i < changes.size(); i++) {
      if (changes.get(i).step() <= changes.get(i - 1).step()) {
        throw new IllegalArgumentException(
            "a change at step %s follows one at step %s but must come later"
                .formatted(changes.get(i).step(), changes.get(i - 1).step()));
      }
    }
  }

  /** The schedule that led to a trial. */
  public static PbtReplay of(StudyRecord study, TrialRecord trial) {
    Deque<Change> changes = new ArrayDeque<>();
    TrialRecord at = trial;
    while (at.systemAttributes().containsKey(PopulationBasedTraining.PARENT)) {
      long start = PopulationBasedTraining.number(at, PopulationBasedTraining.START);
      changes.addFirst(new Change(start, at.parameterValues()));
      at =
          study
              .trials()
              .get((int) PopulationBasedTraining.number(at, PopulationBasedTraining.PARENT));
    }
    changes.addFirst(new Change(0, at.parameterValues()));
    return new PbtReplay(List.copyOf(changes));
  }

  /** Reads what {@link #write} wrote. */
  public static PbtReplay read(Path file) throws IOException {
    List<Change> changes = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      Map<String, Object> read = JSON.readValue(line, new TypeReference<>() {});
      if (!(read.get("step") instanceof Number step)
          || !(read.get("parameters") instanceof Map<?, ?> parameters)) {
        throw new IOException(
            "%s:%s is %s but must be a step and its parameters"
                .formatted(file, changes.size() + 1, line));
      }
      Map<String, Object> named = new LinkedHashMap<>();
      parameters.forEach((name, value) -> named.put(String.valueOf(name), value));
      changes.add(new Change(step.longValue(), named));
    }
    return new PbtReplay(changes);
  }

  /** Writes a line of JSON for each change: its {@code step} and {@code parameters}. */
  public void write(Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Change change : changes) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("step", change.step());
      line.put("parameters", change.parameters());
      lines.add(JSON.writeValueAsString(line));
    }
    Files.write(file, lines);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    int following = (int) PopulationBasedTraining.number(trial, CHANGE) + 1;
    boolean due =
        trial.systemAttributes().containsKey(CHANGE)
            && following < changes.size()
            && step >= changes.get(following).step();
    return due ? Verdict.of(Decision.PAUSE) : Verdict.CONTINUE;
  }

  @Override
  public boolean copies() {
    return true;
  }

  @Override
  public Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
    List<TrialRecord> chain =
        study.trials().stream()
            .filter(trial -> trial.systemAttributes().containsKey(CHANGE))
            .toList();
    if (chain.isEmpty()) {
      return mayBegin ? new Next.Begin(numbers(0, space), Map.of(CHANGE, 0)) : Next.WAIT;
    }
    TrialRecord last = chain.get(chain.size() - 1);
    Optional<TrialRecord> left =
        chain.stream().filter(trial -> trial != last && Scheduler.isPaused(trial)).findFirst();
    if (left.isPresent()) {
      return new Next.Stop(left.get().number());
    } else if (!Scheduler.isPaused(last)) {
      return Next.WAIT;
    }
    int following = (int) PopulationBasedTraining.number(last, CHANGE) + 1;
    return new Next.Copy(last.number(), numbers(following, space), Map.of(CHANGE, following));
  }

  private Map<String, Double> numbers(int change, SearchSpace space) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    changes
        .get(change)
        .parameters()
        .forEach(
            (name, value) -> {
              Parameter parameter =
                  space
                      .parameter(name)
                      .orElseThrow(
                          () ->
                              new IllegalArgumentException(
                                  "the replay sets %s, which is no parameter of %s: take the space of the study that it was made from"
                                      .formatted(name, space)));
              numbers.put(name, parameter.internal(value));
            });
    return numbers;
  }
}
