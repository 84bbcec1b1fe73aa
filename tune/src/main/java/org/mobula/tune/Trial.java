package org.mobula.tune;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;

/**
 * One evaluation of an objective, as the objective sees it. To be used in the thread of the
 * objective alone.
 */
public final class Trial {
  private final TrialStart start;
  private final Desk desk;
  private final Map<String, Object> notes = new LinkedHashMap<>();
  private final List<Double> constraints = new ArrayList<>();
  private Decision decision = Decision.CONTINUE;

  /** Where reports go. */
  interface Desk {
    /** Hands an event over and waits for the answer. */
    Decision report(TrialEvent.Reported event) throws InterruptedException;
  }

  Trial(TrialStart start, Desk desk) {
    this.start = start;
    this.desk = desk;
  }

  /** Counts the trials of the study from 0 on. */
  public int number() {
    return start.number();
  }

  /** A seed of this trial's own, from the study's. Not negative. */
  public long seed() {
    return start.seed();
  }

  /** The value of a parameter. */
  public double get(FloatParameter parameter) {
    return (Double) value(parameter.name());
  }

  /** The value of a parameter. */
  public int get(IntParameter parameter) {
    return Math.toIntExact((Long) value(parameter.name()));
  }

  /**
   * The choice of a parameter: a {@link String}, {@link Long}, {@link Double} or {@link Boolean}.
   */
  public Object get(CategoricalParameter parameter) {
    return value(parameter.name());
  }

  private Object value(String name) {
    Object value = start.values().get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "trial %s has no parameter %s: it is not in the space, or its condition is not met; there are %s"
              .formatted(start.number(), name, start.values().keySet()));
    }
    return value;
  }

  /** The parameters that are there by name, in the order of the space. */
  public Map<String, Object> values() {
    return new LinkedHashMap<>(start.values());
  }

  /**
   * Where the trial may keep files, if the study has a directory. A trial that goes on finds there
   * what it left, one that goes on from another's checkpoint what the other left.
   */
  public Optional<Path> directory() {
    return Optional.ofNullable(start.directory())
        .map(
            name -> {
              try {
                return Files.createDirectories(Path.of(name));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  /** The last step reported before the trial was paused or cut off; -1 in a new trial. */
  public long lastStep() {
    return start.lastStep();
  }

  /**
   * Tells the study how far the trial has come. After pause or stop each further report has the
   * same answer.
   *
   * @param step counts upwards; at steps up to {@link #lastStep} the answer is to go on
   * @param value of the objective (the first one of several) so far
   * @return what to do; to pause is to leave in {@link #directory} what is needed to go on, and to
   *     return
   */
  public Decision report(long step, double value) {
    if (decision == Decision.CONTINUE && step > start.lastStep()) {
      try {
        decision = desk.report(new TrialEvent.Reported(step, value, new LinkedHashMap<>(notes)));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancellationException("trial " + start.number() + " was cancelled");
      }
    }
    return decision;
  }

  /** Keeps something for people to read beside the trial: a text, number or boolean. */
  public void note(String key, Object value) {
    notes.put(key, value);
  }

  /**
   * Says how far constraints that are only known by trying are kept.
   *
   * @param violations each is violated if it is above 0
   */
  public void constraints(double... violations) {
    constraints.clear();
    for (double violation : violations) {
      constraints.add(violation);
    }
  }

  List<Double> constraints() {
    return List.copyOf(constraints);
  }

  Map<String, Object> notes() {
    return new LinkedHashMap<>(notes);
  }
}
