package org.mobula.core.training;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.mobula.core.experience.EpisodeLog;
import org.mobula.core.training.config.StopConfig;

/** How far a run has come; changes as it goes on. */
public final class TrainingProgress {
  private static final int WINDOW = 1000;

  private long iterations;
  private long environmentSteps;
  private long episodes;
  private double wallSeconds;
  private double bestEvaluation = Double.NEGATIVE_INFINITY;
  private int evaluationsSinceBest;
  private final double[] returns = new double[WINDOW];
  private final int[] lengths = new int[WINDOW];

  private final long lastStep;

  /**
   * At the start.
   *
   * @param lastStep environment steps after which the run ends
   */
  TrainingProgress(long lastStep) {
    this.lastStep = lastStep;
  }

  /** The part of the run's steps that is done, from 0 to 1: what schedules go by. */
  public double done() {
    return Math.min(1, environmentSteps / (double) lastStep);
  }

  /** Iterations done: each is one or more rounds of collecting and learning. */
  public long iterations() {
    return iterations;
  }

  /** Steps taken over all environments. */
  public long environmentSteps() {
    return environmentSteps;
  }

  /** Episodes finished in training. */
  public long episodes() {
    return episodes;
  }

  /** Wall time in seconds, earlier parts of a resumed run included. */
  public double wallSeconds() {
    return wallSeconds;
  }

  /** Best mean return of an evaluation; negative infinity before the first. */
  public double bestEvaluation() {
    return bestEvaluation;
  }

  /** Evaluations since the best one. */
  public int evaluationsSinceBest() {
    return evaluationsSinceBest;
  }

  /** Mean return of the last episodes, at most 1000; NaN while there are fewer. */
  public double episodeReturnMean(int last) {
    if (last > WINDOW) {
      throw new IllegalArgumentException(last + " episodes asked for, but 1000 are kept");
    }
    if (episodes < last || last < 1) {
      return Double.NaN;
    }
    double sum = 0;
    for (long episode = episodes - last; episode < episodes; episode++) {
      sum += returns[(int) (episode % WINDOW)];
    }
    return sum / last;
  }

  /** Mean return of the last 100 episodes, or of all while there are fewer; NaN without any. */
  public double recentReturnMean() {
    return episodeReturnMean((int) Math.min(100, episodes));
  }

  /** Mean length in steps of the last 100 episodes, or of all; NaN without any. */
  public double recentLengthMean() {
    long first = Math.max(0, episodes - 100);
    double sum = 0;
    for (long episode = first; episode < episodes; episode++) {
      sum += lengths[(int) (episode % WINDOW)];
    }
    return sum / (episodes - first);
  }

  /**
   * The key of the condition that the run meets, such as {@code wall-time}; empty while it meets
   * none.
   */
  public Optional<String> met(StopConfig stop) {
    Double episodeReturn = stop.episodeReturn();
    if (environmentSteps >= stop.environmentSteps()) {
      return Optional.of("environment-steps");
    } else if (episodeReturn != null && episodeReturnMean(stop.episodes()) >= episodeReturn) {
      return Optional.of("episode-return");
    } else if (isTimeUp(stop, wallSeconds)) {
      return Optional.of("wall-time");
    } else if (stop.evaluationsWithoutImprovement() > 0
        && evaluationsSinceBest >= stop.evaluationsWithoutImprovement()) {
      return Optional.of("evaluations-without-improvement");
    }
    return Optional.empty();
  }

  static boolean isTimeUp(StopConfig stop, double wallSeconds) {
    Duration limit = stop.wallTime();
    return limit != null && wallSeconds >= limit.toMillis() / 1e3;
  }

  /** Why the run ends, for a person to read; empty while it goes on. */
  public Optional<String> endReason(StopConfig stop) {
    return met(stop)
        .map(
            key ->
                switch (key) {
                  case "environment-steps" ->
                      stop.environmentSteps() + " environment steps are taken";
                  case "episode-return" ->
                      "the mean return of the last %s episodes has reached %s"
                          .formatted(stop.episodes(), stop.episodeReturn());
                  case "wall-time" ->
                      "the time of "
                          + (stop.wallTime() == null ? 0 : stop.wallTime().toSeconds())
                          + " s is up";
                  default ->
                      "the last "
                          + stop.evaluationsWithoutImprovement()
                          + " evaluations brought no improvement";
                });
  }

  /** Whether a multiple of so many environment steps lies between then and now; 0 has none. */
  boolean crossed(long every, long before) {
    return every > 0 && before / every != environmentSteps / every;
  }

  /** Of a learner that joins a run which has taken these steps. */
  void startAt(long steps) {
    environmentSteps = steps;
  }

  /** Others have taken steps, too. */
  void reach(long steps) {
    environmentSteps = Math.max(environmentSteps, steps);
  }

  void addIteration() {
    iterations++;
  }

  void add(long steps, EpisodeLog finished) {
    environmentSteps += steps;
    for (int i = 0; i < finished.count(); i++) {
      returns[(int) (episodes % WINDOW)] = finished.episodeReturn(i);
      lengths[(int) (episodes % WINDOW)] = finished.length(i);
      episodes++;
    }
  }

  void addEvaluation(double meanReturn) {
    if (meanReturn > bestEvaluation) {
      bestEvaluation = meanReturn;
      evaluationsSinceBest = 0;
    } else {
      evaluationsSinceBest++;
    }
  }

  void setWallSeconds(double seconds) {
    wallSeconds = seconds;
  }

  void writeState(DataOutput out) throws IOException {
    out.writeLong(iterations);
    out.writeLong(environmentSteps);
    out.writeLong(episodes);
    out.writeDouble(wallSeconds);
    out.writeDouble(bestEvaluation);
    out.writeInt(evaluationsSinceBest);
    for (int i = 0; i < WINDOW; i++) {
      out.writeDouble(returns[i]);
      out.writeInt(lengths[i]);
    }
  }

  void readState(DataInput in) throws IOException {
    iterations = in.readLong();
    environmentSteps = in.readLong();
    episodes = in.readLong();
    wallSeconds = in.readDouble();
    bestEvaluation = in.readDouble();
    evaluationsSinceBest = in.readInt();
    for (int i = 0; i < WINDOW; i++) {
      returns[i] = in.readDouble();
      lengths[i] = in.readInt();
    }
  }
}
