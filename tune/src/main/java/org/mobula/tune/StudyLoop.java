package org.mobula.tune;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorCall;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.scheduler.Verdict;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Runs a study in the caller's thread: fills free places with trials, waits for what trials tell,
 * writes it down, answers.
 */
final class StudyLoop {
  /** Optuna's name for the trial that is tried again. */
  static final String RETRIED = "failed_trial";

  private static final String RETRIES = "retry_history";
  private static final Duration GLANCE = Duration.ofMillis(100);

  private final Study study;
  private final Journal journal;
  private final StudyRecord record;
  private final @Nullable StudyDirectory directory;
  private final TaskRuntime runtime;
  private final Tally tally;
  private final TrialSource source;
  private final List<Place> places = new ArrayList<>();
  private final long started;
  private int failures;
  private int warned;

  /** A runner, and the trial that it runs. */
  private static final class Place {
    final ActorRef<TrialRunner> runner;
    @Nullable TrialRecord trial;
    @Nullable ObjectRef<TrialEvent> pending;
    @Nullable ActorCall<TrialRunner, TrialEvent> outgoing;
    Decision decision = Decision.CONTINUE;
    long begun;

    Place(ActorRef<TrialRunner> runner) {
      this.runner = runner;
    }

    TrialRecord trial() {
      TrialRecord running = trial;
      if (running == null) {
        throw new IllegalStateException("the place is free");
      }
      return running;
    }
  }

  StudyLoop(
      Study study,
      Journal journal,
      StudyRecord record,
      @Nullable StudyDirectory directory,
      TaskRuntime runtime,
      MultiObjective objective) {
    this.study = study;
    this.journal = journal;
    this.record = record;
    this.directory = directory;
    this.runtime = runtime;
    tally = new Tally(record);
    source = new TrialSource(study, journal, record, directory, tally, new Ends());
    started = study.nanoClock.getAsLong();
    int count = Math.min(study.parallel, fitting());
    if (count < 1) {
      throw new IllegalArgumentException(
          "a trial takes %s with all that it starts, but the runtime has %s"
              .formatted(study.wholeTrial(), runtime.totalResources()));
    }
    for (int i = 0; i < count; i++) {
      ActorOptions options =
          ActorOptions.defaults().withResources(study.trialResources).withMaxRestarts(-1);
      places.add(new Place(runtime.actor(options, () -> new TrialRunner(objective))));
    }
  }

  /** How many trials the runtime has the resources for. */
  private int fitting() {
    long most = Integer.MAX_VALUE;
    for (Map.Entry<String, Long> each : study.wholeTrial().micros().entrySet()) {
      most = Math.min(most, runtime.totalResources().micros(each.getKey()) / each.getValue());
    }
    return (int) most;
  }

  StudyResult run() {
    try {
      beat();
      journal.together(source::adoptOrphans);
      return loop();
    } finally {
      for (Place place : places) {
        if (place.pending != null) {
          runtime.cancel(place.pending);
        }
        runtime.kill(place.runner, false);
      }
      leave();
    }
  }

  private void leave() {
    try {
      if (directory != null) {
        directory.leave(journal, record);
      }
    } catch (UncheckedIOException e) {
      // Others will know by its silence.
    }
  }

  private final class Ends implements TrialSource.Ends {
    @Override
    public void prune(TrialRecord trial) {
      StudyLoop.this.prune(trial);
    }

    @Override
    public void fail(TrialRecord trial, String reason) {
      StudyLoop.this.fail(trial, reason);
    }

    @Override
    public void warn(String warning) {
      study.listeners.forEach(listener -> listener.onWarning(warning));
    }
  }

  /** Says what of the journal could not be read, once. */
  private void warnOfJournal() {
    List<String> warnings = journal.warnings();
    for (String warning : warnings.subList(warned, warnings.size())) {
      study.listeners.forEach(listener -> listener.onWarning(warning));
    }
    warned = warnings.size();
  }

  private void beat() {
    if (directory != null) {
      directory.beat(journal, record);
    }
  }

  private StudyResult loop() {
    List<Place> told = List.of();
    while (true) {
      List<Place> events = told;
      events.forEach(this::keepPaused);
      // Under one lock, and before any trial hears of it.
      Optional<String> over =
          journal.together(
              () -> {
                events.forEach(this::handle);
                return isCutOff()
                    ? Optional.empty()
                    : study.stop.reason(record, tally.update()).or(this::fill);
              });
      warnOfJournal();
      send();
      Optional<String> cut = study.stopRequest();
      if (cut.isPresent()) {
        return new StudyResult(record, cut.get(), true);
      } else if (isTimeUp()) {
        return new StudyResult(record, "the time of " + study.stop.time() + " is up", false);
      } else if (over.isPresent()) {
        return end(over.get());
      }
      told = awaitEvents();
    }
  }

  private boolean isCutOff() {
    return study.stopRequest().isPresent() || isTimeUp();
  }

  // ---- filling places ----

  /** Tells trials what is written down, when nobody waits for the journal any more. */
  private void send() {
    for (Place place : places) {
      if (place.outgoing != null) {
        restoreCopied(place.trial());
        place.pending = place.runner.call(place.outgoing);
        place.outgoing = null;
      }
    }
  }

  /** Gives free places trials; says why nothing runs any more, if so. */
  private Optional<String> fill() {
    String idle = "";
    for (Place place : places) {
      if (place.trial == null) {
        TrialSource.Choice choice = source.next();
        if (choice.trial() == null) {
          idle = choice.reason();
          break;
        }
        start(place, choice.trial());
      }
    }
    return places.stream().allMatch(place -> place.trial == null)
        ? Optional.of(idle)
        : Optional.empty();
  }

  private void start(Place place, TrialRecord trial) {
    long seed = study.seed.stream("trial/" + trial.number()).generateState(1)[0] >>> 1;
    long lastStep =
        trial.intermediateValues().isEmpty() ? -1 : trial.intermediateValues().lastKey();
    TrialStart start =
        new TrialStart(
            trial.number(),
            seed,
            trial.parameterValues(),
            directory == null ? null : directory.trial(trial.number()).toString(),
            lastStep);
    place.trial = trial;
    place.decision = Decision.CONTINUE;
    place.begun = study.nanoClock.getAsLong();
    place.outgoing = runner -> runner.start(start);
    study.listeners.forEach(listener -> listener.onStart(record, trial));
  }

  // ---- events ----

  /** Places whose trial has told something, in the order of the trials' numbers. */
  private List<Place> awaitEvents() {
    List<ObjectRef<TrialEvent>> pending = new ArrayList<>();
    for (Place place : places) {
      if (place.pending != null) {
        pending.add(place.pending);
      }
    }
    int enough = study.repeatable ? pending.size() : 1;
    while (!isCutOff()) {
      int done = runtime.wait(pending, enough, GLANCE).ready().size();
      cutOffOverdue();
      beat();
      if (done >= enough) {
        break;
      }
    }
    List<Place> told = new ArrayList<>();
    for (Place place : places) {
      if (place.pending != null && place.pending.isDone()) {
        told.add(place);
      }
    }
    told.sort(Comparator.comparingInt(place -> place.trial().number()));
    boolean all = told.size() >= enough;
    return all ? told : List.of();
  }

  private boolean isTimeUp() {
    Duration time = study.stop.time();
    return time != null && study.nanoClock.getAsLong() - started >= time.toNanos();
  }

  private void cutOffOverdue() {
    Duration most = study.trialTimeout;
    for (Place place : places) {
      ObjectRef<TrialEvent> pending = place.pending;
      if (most != null
          && pending != null
          && !pending.isDone()
          && study.nanoClock.getAsLong() - place.begun >= most.toNanos()) {
        runtime.cancel(pending);
        runtime.kill(place.runner);
      }
    }
  }

  private void handle(Place place) {
    TrialRecord trial = place.trial();
    ObjectRef<TrialEvent> pending = place.pending;
    if (pending == null) {
      return;
    }
    place.pending = null;
    TrialEvent event;
    try {
      event = runtime.get(pending);
    } catch (TaskException e) {
      Duration most = study.trialTimeout;
      boolean overdue = most != null && study.nanoClock.getAsLong() - place.begun >= most.toNanos();
      fail(place, overdue ? "it ran for longer than " + most : "its runner died: " + e);
      return;
    }
    event.notes().forEach((key, value) -> note(trial, key, value));
    if (event instanceof TrialEvent.Reported report) {
      answer(place, report);
    } else if (event instanceof TrialEvent.Returned returned) {
      returned(place, returned);
    } else if (event instanceof TrialEvent.Threw threw) {
      fail(place, threw.error());
      if (threw.fatal()) {
        throw new StudyException("trial %s: %s".formatted(trial.number(), threw.error()));
      }
    }
  }

  private void note(TrialRecord trial, String key, Object value) {
    if (!value.equals(trial.userAttributes().get(key))) {
      journal.setUserAttribute(trial, key, value);
    }
  }

  private void answer(Place place, TrialEvent.Reported report) {
    TrialRecord trial = place.trial();
    long step = report.step();
    // In one piece: a trial whose process dies in between would go on where it was to pause.
    journal.report(trial, step, report.value(), () -> place.decision = decide(trial, step));
    Decision decision = place.decision;
    place.outgoing = runner -> runner.decide(decision);
    study.listeners.forEach(listener -> listener.onReport(record, trial, report.step(), decision));
  }

  private Decision decide(TrialRecord trial, long step) {
    Verdict verdict = study.scheduler.onReport(record, trial, step);
    verdict.attributes().forEach((key, value) -> journal.setSystemAttribute(trial, key, value));
    Decision decision = verdict.decision();
    if (decision != Decision.CONTINUE) {
      journal.setSystemAttribute(trial, TrialSource.DECISION, decision.name());
    }
    return decision;
  }

  private void returned(Place place, TrialEvent.Returned returned) {
    TrialRecord trial = place.trial();
    if (!returned.constraints().isEmpty()) {
      journal.setSystemAttribute(trial, TrialRecord.CONSTRAINTS, returned.constraints());
    }
    if (place.decision == Decision.PAUSE) {
      journal.setSystemAttribute(trial, Scheduler.PAUSED, true);
      place.trial = null;
      return;
    }
    double[] values = returned.values().stream().mapToDouble(Double::doubleValue).toArray();
    if (place.decision == Decision.STOP) {
      prune(trial);
      place.trial = null;
    } else if (values.length != record.directions().size()) {
      throw new StudyException(
          "the objective has %s values but the study %s directions: return one for each"
              .formatted(values.length, record.directions().size()));
    } else if (returned.values().stream().anyMatch(value -> value.isNaN())) {
      fail(place, "its value is NaN");
    } else {
      place.trial = null;
      journal.setState(trial, TrialState.COMPLETE, values);
      study.listeners.forEach(listener -> listener.onEnd(record, trial));
    }
  }

  /**
   * Files are copied while nobody waits for the journal: it may take longer than a dead one's lock.
   */
  private void keepPaused(Place place) {
    if (place.decision == Decision.PAUSE && directory != null && study.scheduler.copies()) {
      directory.keepPaused(place.trial().number());
    }
  }

  /** Gives a trial what it begins with, unless it has begun before. */
  private void restoreCopied(TrialRecord trial) {
    if (directory != null
        && trial.systemAttributes().get(TrialSource.COPIED_FROM) instanceof Number donor
        && !directory.exists(trial.number())) {
      directory.restorePaused(donor.intValue(), trial.number());
    }
  }

  private void prune(TrialRecord trial) {
    boolean known = !trial.intermediateValues().isEmpty() && record.directions().size() == 1;
    double last = known ? trial.intermediateValues().lastEntry().getValue() : Double.NaN;
    if (Double.isNaN(last)) {
      journal.setState(trial, TrialState.PRUNED);
    } else {
      journal.setState(trial, TrialState.PRUNED, last);
    }
    study.listeners.forEach(listener -> listener.onEnd(record, trial));
  }

  private void fail(Place place, String reason) {
    TrialRecord trial = place.trial();
    place.trial = null;
    place.pending = null;
    fail(trial, reason);
    retry(trial);
  }

  private void fail(TrialRecord trial, String reason) {
    journal.setSystemAttribute(trial, TrialRecord.FAILURE, reason);
    journal.setState(trial, TrialState.FAIL);
    study.listeners.forEach(listener -> listener.onEnd(record, trial));
    failures++;
    if (failures > study.mostFailures) {
      throw new StudyException(
          "%s trials have failed, the last one because %s".formatted(failures, reason));
    }
  }

  private void retry(TrialRecord trial) {
    List<Object> history = new ArrayList<>();
    if (trial.systemAttributes().get(RETRIES) instanceof List<?> before) {
      history.addAll(before);
    }
    history.add(trial.number());
    if (history.size() <= study.retries) {
      journal.enqueue(
          record,
          Map.of(
              Proposals.FIXED, trial.parameterValues(), RETRIED, history.get(0), RETRIES, history));
    }
  }

  /**
   * Nothing more is begun: what runs here is over, and what is paused too, unless another process
   * may go on with it.
   */
  private StudyResult end(String reason) {
    journal.together(
        () -> {
          source.adoptOrphans();
          boolean last =
              record.trials().stream()
                  .noneMatch(trial -> !isOurs(trial) && source.isRunByAnybody(trial));
          for (TrialRecord trial : record.trials()) {
            if (isOurs(trial) || (last && Scheduler.isPaused(trial))) {
              prune(trial);
            }
          }
        });
    return new StudyResult(record, reason, false);
  }

  /** Whether a trial runs here, or was to go on here. */
  private boolean isOurs(TrialRecord trial) {
    return source.isToGoOn(trial) || places.stream().anyMatch(place -> place.trial == trial);
  }
}
