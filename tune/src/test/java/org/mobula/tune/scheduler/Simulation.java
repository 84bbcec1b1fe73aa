package org.mobula.tune.scheduler;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.sampler.RandomSampler;
import org.mobula.tune.sampler.SamplingRequest;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** Runs a study of made-up learning curves in one thread, trials advancing in a random order. */
final class Simulation {
  /** What a trial does in a step; its score, reported after it, is all the state it has. */
  interface Objective {
    double advance(Map<String, Object> parameters, double score);
  }

  private record Progress(long step, double score) {}

  private final Journal journal = Journal.inMemory();
  private final StudyRecord study = journal.createStudy("simulation", List.of(Direction.MAXIMIZE));
  private final SeedSequence seed = SeedSequence.of(7);
  private final Map<Integer, Progress> progress = new HashMap<>();
  private final Map<Integer, Progress> checkpoints = new HashMap<>();
  private final List<TrialRecord> running = new ArrayList<>();
  private final List<String> trace = new ArrayList<>();
  private final SearchSpace space;
  private final Objective objective;
  private final long lastStep;
  private int begun;
  private int mostRunning;

  Simulation(SearchSpace space, Objective objective, long lastStep) {
    this.space = space;
    this.objective = objective;
    this.lastStep = lastStep;
  }

  /**
   * Runs the study to its end.
   *
   * @param scheduler asked for one at each decision
   * @param order seeds the order in which trials advance
   */
  StudyRecord run(Supplier<Scheduler> scheduler, int places, int maxTrials, long order) {
    Pcg64 random = new Pcg64(order);
    while (fill(scheduler, places, maxTrials)) {
      mostRunning = Math.max(mostRunning, running.size());
      advance(scheduler, running.get(random.nextInt(running.size())));
    }
    study.trials().stream()
        .filter(Scheduler::isPaused)
        .forEach(trial -> journal.setState(trial, TrialState.PRUNED));
    return study;
  }

  /** All that was decided. */
  List<String> trace() {
    return trace;
  }

  int mostRunning() {
    return mostRunning;
  }

  /** Steps that were trained, all trials together. */
  long steps() {
    return study.trials().stream().mapToLong(trial -> trial.intermediateValues().size()).sum();
  }

  private boolean fill(Supplier<Scheduler> scheduler, int places, int maxTrials) {
    while (running.size() < places) {
      Next next = scheduler.get().next(study, space, seed, begun < maxTrials);
      trace.add(next.toString());
      if (next instanceof Next.Sample sample) {
        int number = study.trials().size();
        SamplingRequest request = new SamplingRequest(study, space, number, 0, seed);
        begin(new RandomSampler().suggest(request).values(), sample.attributes());
        begun++;
      } else if (next instanceof Next.Begin begin) {
        begin(begin.values(), begin.attributes());
        begun++;
      } else if (next instanceof Next.Copy copy) {
        Progress checkpoint = Objects.requireNonNull(checkpoints.get(copy.donor()));
        TrialRecord trial = begin(copy.values(), copy.attributes());
        progress.put(trial.number(), checkpoint);
      } else if (next instanceof Next.Resume resume) {
        TrialRecord trial = study.trials().get(resume.trial());
        journal.setSystemAttribute(trial, Scheduler.PAUSED, false);
        running.add(trial);
      } else if (next instanceof Next.Stop stop) {
        TrialRecord trial = study.trials().get(stop.trial());
        journal.setState(trial, TrialState.PRUNED);
      } else {
        break;
      }
    }
    return !running.isEmpty();
  }

  private TrialRecord begin(Map<String, Double> values, Map<String, Object> attributes) {
    Map<Parameter, Double> parameters = new LinkedHashMap<>();
    values.forEach((name, value) -> parameters.put(space.parameter(name).orElseThrow(), value));
    TrialRecord trial = journal.createTrial(study, parameters, attributes);
    running.add(trial);
    progress.put(trial.number(), new Progress(0, 0));
    return trial;
  }

  private void advance(Supplier<Scheduler> scheduler, TrialRecord trial) {
    Progress before = Objects.requireNonNull(progress.get(trial.number()));
    if (before.step() >= lastStep) {
      // Paused at its last report: nothing is left to do.
      journal.setState(trial, TrialState.COMPLETE, before.score());
      running.remove(trial);
      return;
    }
    long step = before.step() + 1;
    double score = objective.advance(trial.parameterValues(), before.score());
    Progress now = new Progress(step, score);
    progress.put(trial.number(), now);
    journal.report(trial, step, score);
    Verdict verdict = scheduler.get().onReport(study, trial, step);
    trace.add(trial.number() + " at " + step + ": " + verdict);
    verdict.attributes().forEach((key, value) -> journal.setSystemAttribute(trial, key, value));
    if (verdict.decision() == Decision.PAUSE) {
      checkpoints.put(trial.number(), now);
      journal.setSystemAttribute(trial, Scheduler.PAUSED, true);
      running.remove(trial);
    } else if (verdict.decision() == Decision.STOP) {
      journal.setState(trial, TrialState.PRUNED);
      running.remove(trial);
    } else if (step == lastStep) {
      journal.setState(trial, TrialState.COMPLETE, score);
      running.remove(trial);
    }
  }
}
