package org.mobula.tune;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import org.mobula.core.training.TrainingException;
import org.mobula.tune.scheduler.Decision;

/**
 * The actor that trials run in, one after another. The objective has a thread of its own, which
 * rests between a report and its answer; so the study asks and is never asked.
 */
final class TrialRunner implements AutoCloseable {
  private final MultiObjective objective;
  private final SynchronousQueue<TrialEvent> events = new SynchronousQueue<>();
  private final SynchronousQueue<Decision> decisions = new SynchronousQueue<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread made = new Thread(task, "mobula-trial");
            made.setDaemon(true);
            return made;
          });

  TrialRunner(MultiObjective objective) {
    this.objective = objective;
  }

  /** Begins a trial, or goes on with it; answers with the first thing it tells. */
  TrialEvent start(TrialStart start) throws InterruptedException {
    thread.execute(() -> evaluate(start));
    return events.take();
  }

  /** Answers a report; answers with the next thing that the trial tells. */
  TrialEvent decide(Decision decision) throws InterruptedException {
    decisions.put(decision);
    return events.take();
  }

  private void evaluate(TrialStart start) {
    Trial trial =
        new Trial(
            start,
            event -> {
              events.put(event);
              return decisions.take();
            });
    try {
      events.put(end(trial));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // The actor is being closed; nobody listens.
    }
  }

  @SuppressWarnings("CatchingUnchecked") // Whatever an objective throws is the trial's end alone.
  private TrialEvent end(Trial trial) {
    try {
      List<Double> values = Arrays.stream(objective.evaluate(trial)).boxed().toList();
      return new TrialEvent.Returned(values, trial.constraints(), trial.notes());
    } catch (Throwable e) {
      return new TrialEvent.Threw(text(e), e instanceof StudyException, trial.notes());
    }
  }

  private static String text(Throwable error) {
    String message = error.getMessage();
    boolean explains = error instanceof StudyException || error instanceof TrainingException;
    return explains && message != null ? message : error.toString();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
