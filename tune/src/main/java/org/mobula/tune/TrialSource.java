package org.mobula.tune;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.sampler.SamplingRequest;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.Next;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Chooses the trial that a free place runs: one that a dead process left, one that somebody asked
 * for, else what the scheduler says. All under the journal's lock.
 */
final class TrialSource {
  /** Names the process that a running trial belongs to. */
  static final String PROCESS = "mobula:process";

  /** The trial whose checkpoint a trial began with. */
  static final String COPIED_FROM = "mobula:copied-from";

  /** What a trial was told last, unless that was to go on from the beginning. */
  static final String DECISION = "mobula:decision";

  private final Study study;
  private final Journal journal;
  private final StudyRecord record;
  private final @Nullable StudyDirectory directory;
  private final Tally tally;
  private final Ends ends;
  private final Proposals proposals;
  private final Deque<TrialRecord> orphans = new ArrayDeque<>();

  /** The trial to run, or, where there is none, why. */
  record Choice(@Nullable TrialRecord trial, String reason) {
    private static Choice of(TrialRecord trial) {
      return new Choice(trial, "");
    }
  }

  /** Ends trials that do not run here. */
  interface Ends {
    /** Ends a paused trial. */
    void prune(TrialRecord trial);

    /** Ends a trial that cannot run. */
    void fail(TrialRecord trial, String reason);

    /** Says what is wrong with a trial that runs nevertheless. */
    void warn(String warning);
  }

  /** A source that has adopted no trials yet. */
  TrialSource(
      Study study,
      Journal journal,
      StudyRecord record,
      @Nullable StudyDirectory directory,
      Tally tally,
      Ends ends) {
    this.study = study;
    this.journal = journal;
    this.record = record;
    this.directory = directory;
    this.tally = tally;
    this.ends = ends;
    proposals = new Proposals(study, record);
  }

  /** Trials that a process left running when it died go on here, from what they kept. */
  void adoptOrphans() {
    tally.update();
    List<TrialRecord> trials = record.trials();
    for (TrialRecord trial : trials.subList(tally.settled(), trials.size())) {
      if (directory != null
          && isRunning(trial)
          && trial.systemAttributes().get(PROCESS) instanceof String process
          && !directory.isAlive(process, record)) {
        own(trial);
        // What it was told before its process died is done for it. If it left nothing to go on
        // from, it begins again when it is resumed.
        switch (lastDecision(trial)) {
          case CONTINUE -> adopt(trial);
          case PAUSE -> {
            if (study.scheduler.copies()) {
              directory.keepPaused(trial.number());
            }
            journal.setSystemAttribute(trial, Scheduler.PAUSED, true);
          }
          case STOP -> ends.prune(trial);
        }
      }
    }
  }

  private void adopt(TrialRecord trial) {
    try {
      if (study.space.parameters().stream()
          .anyMatch(
              parameter ->
                  study.space.isActive(parameter, trial.parameters())
                      && !trial.parameters().containsKey(parameter.name()))) {
        complete(trial); // its process died while it was given what it was asked for with
      }
      orphans.add(trial);
    } catch (IllegalArgumentException e) {
      ends.fail(trial, String.valueOf(e.getMessage()));
    }
  }

  private static Decision lastDecision(TrialRecord trial) {
    Object last = trial.systemAttributes().get(DECISION);
    for (Decision decision : Decision.values()) {
      if (decision.name().equals(last)) {
        return decision;
      }
    }
    return Decision.CONTINUE;
  }

  /** Whether a trial was adopted and is still to be chosen. */
  boolean isToGoOn(TrialRecord trial) {
    return orphans.contains(trial);
  }

  /** Whether a process that is alive, perhaps this one, runs a trial. */
  boolean isRunByAnybody(TrialRecord trial) {
    return directory != null
        && isRunning(trial)
        && trial.systemAttributes().get(PROCESS) instanceof String process
        && directory.isAlive(process, record);
  }

  private static boolean isRunning(TrialRecord trial) {
    return trial.state() == TrialState.RUNNING && !Scheduler.isPaused(trial);
  }

  /** The next trial, which runs from now on, by the journal. */
  Choice next() {
    if (orphans.isEmpty()) {
      adoptOrphans();
    }
    TrialRecord orphan = orphans.poll();
    if (orphan != null) {
      return Choice.of(orphan);
    }
    Optional<TrialRecord> waiting = firstWaiting();
    if (waiting.isPresent()) {
      return Choice.of(waiting.get());
    }
    boolean withinBudget = isWithinBudget();
    SamplingRequest request = proposals.request(0);
    Optional<String> exhausted = study.sampler.exhausted(request);
    boolean mayBegin = withinBudget && exhausted.isEmpty();
    Next next = study.scheduler.next(record, study.space, study.seed, mayBegin);
    if (next instanceof Next.Resume resume) {
      TrialRecord trial = record.trials().get(resume.trial());
      journal.setSystemAttribute(trial, DECISION, Decision.CONTINUE.name());
      journal.setSystemAttribute(trial, Scheduler.PAUSED, false);
      own(trial);
      return Choice.of(trial);
    } else if (next instanceof Next.Copy copy) {
      Map<String, Object> attributes = new LinkedHashMap<>(copy.attributes());
      attributes.put(COPIED_FROM, copy.donor());
      return Choice.of(create(copy.values(), attributes));
    } else if (next instanceof Next.Stop stop) {
      ends.prune(record.trials().get(stop.trial()));
      return next();
    } else if (next instanceof Next.Begin begin && mayBegin) {
      return Choice.of(create(begin.values(), begin.attributes()));
    } else if (next instanceof Next.Sample sample && mayBegin) {
      Proposals.Proposal proposal = proposals.next();
      Map<String, Object> attributes = new LinkedHashMap<>(proposal.attributes());
      attributes.putAll(sample.attributes());
      return Choice.of(create(proposal.values(), attributes));
    }
    return new Choice(
        null,
        !withinBudget
            ? "all " + study.stop.trials() + " trials are done" + instead()
            : exhausted.orElse("the scheduler begins no more trials"));
  }

  /** Trials that took another's place are not among those that the budget counts. */
  private String instead() {
    long copies =
        record.trials().stream()
            .filter(trial -> trial.systemAttributes().containsKey(COPIED_FROM))
            .count();
    return copies == 0 ? "" : ", and " + copies + " that went on in the place of others";
  }

  private boolean isWithinBudget() {
    return study.stop.trials() == 0 || tally.begun() < study.stop.trials();
  }

  private TrialRecord create(Map<String, Double> values, Map<String, Object> attributes) {
    Map<Parameter, Double> parameters = new LinkedHashMap<>();
    for (Parameter parameter : study.space.parameters()) {
      Double value = values.get(parameter.name());
      if (value != null) {
        parameters.put(parameter, value);
      }
    }
    Map<String, Object> all = new LinkedHashMap<>(attributes);
    if (directory != null) {
      all.put(PROCESS, directory.process());
    }
    return journal.createTrial(record, parameters, all);
  }

  /** Begins the first trial that somebody has asked for. */
  private Optional<TrialRecord> firstWaiting() {
    for (TrialRecord trial : record.trials().subList(tally.settled(), record.trials().size())) {
      if (trial.state() == TrialState.WAITING && isWithinBudget() && claim(trial)) {
        try {
          complete(trial);
        } catch (IllegalArgumentException e) {
          // Somebody asked for the impossible: that trial is over, and no other.
          ends.fail(trial, String.valueOf(e.getMessage()));
          continue;
        }
        return Optional.of(trial);
      }
    }
    return Optional.empty();
  }

  private void complete(TrialRecord trial) {
    Proposals.Proposal proposal = proposals.completing(trial, ends::warn);
    for (Parameter parameter : study.space.parameters()) {
      Double value = proposal.values().get(parameter.name());
      if (value != null) {
        journal.setParameter(trial, parameter, value);
      }
    }
    proposal.attributes().forEach((key, value) -> journal.setSystemAttribute(trial, key, value));
  }

  /** Nobody else has the lock: whoever is killed in between leaves a trial that still waits. */
  private boolean claim(TrialRecord trial) {
    own(trial);
    try {
      journal.setState(trial, TrialState.RUNNING);
      return true;
    } catch (IllegalStateException e) {
      return false; // Another process was faster.
    }
  }

  private void own(TrialRecord trial) {
    if (directory != null) {
      journal.setSystemAttribute(trial, PROCESS, directory.process());
    }
  }
}
