package org.mobula.core.recording;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.recording.RecordedRows.Outcome;
import org.mobula.core.recording.RecordedRows.Row;
import org.mobula.core.recording.RecordedRows.Session;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/**
 * What is in recordings, and what is broken, before an hour is spent on learning from them.
 *
 * @param files that were read
 * @param rows about actions in them
 * @param spacesNamed whether the files name the spaces; else those below are what the rows look
 *     like
 * @param episodes that can be learnt from
 * @param steps of these
 * @param terminated how many episodes came to an end of their own
 * @param truncated how many were cut off
 * @param logProbabilities whether the probability of every action is known
 * @param returns of the episodes, undiscounted; null where there is no episode
 * @param lengths of the episodes, in steps; null where there is no episode
 * @param observations number by number
 * @param actions number by number
 * @param problems what is broken, the worst first
 */
public record RecordingReport(
    int files,
    long rows,
    List<String> models,
    List<String> versions,
    String observationSpace,
    String actionSpace,
    boolean spacesNamed,
    int episodes,
    long steps,
    int terminated,
    int truncated,
    boolean logProbabilities,
    @Nullable Summary returns,
    @Nullable Summary lengths,
    List<Coverage> observations,
    List<Coverage> actions,
    List<Problem> problems) {

  /** Numbers in short: the deviation is that of the numbers themselves, of n. */
  public record Summary(
      double mean, double deviation, double least, double median, double greatest) {
    static @Nullable Summary of(double[] numbers) {
      if (numbers.length == 0) {
        return null;
      }
      double mean = Arrays.stream(numbers).average().orElseThrow();
      double square = Arrays.stream(numbers).map(n -> (n - mean) * (n - mean)).sum();
      double[] sorted = numbers.clone();
      Arrays.sort(sorted);
      int middle = sorted.length / 2;
      double median =
          sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
      return new Summary(
          mean, Math.sqrt(square / numbers.length), sorted[0], median, sorted[sorted.length - 1]);
    }
  }

  /**
   * How much of a space is there, of one number of its encoding.
   *
   * @param number its index
   * @param least finite one
   * @param greatest finite one
   * @param low the space's bound; null where there is none
   * @param high the space's bound; null where there is none
   * @param covered share of the way from bound to bound that lies between least and greatest; of
   *     choices, the share of those that occur; null where there are no bounds
   * @param shares of choices, how often each occurs; empty elsewhere
   */
  public record Coverage(
      int number,
      double least,
      double mean,
      double greatest,
      @Nullable Double low,
      @Nullable Double high,
      @Nullable Double covered,
      List<Double> shares) {
    /** Whether it never changes. */
    public boolean isConstant() {
      return least == greatest;
    }
  }

  /**
   * Something broken.
   *
   * @param kind a word for programs, such as {@code action-outside}
   * @param count how often
   * @param meaning for people
   * @param first where it is first
   */
  public record Problem(String kind, long count, String meaning, String first) {}

  /**
   * Looks recordings over. What is broken is reported, as far as anything can be read at all.
   *
   * @param path a file, or a folder with files below
   * @throws IOException if there is nothing that can be read
   */
  public static RecordingReport of(Path path) throws IOException {
    Findings findings = new Findings(false);
    RecordedRows rows = RecordedRows.read(path, findings);
    if (rows.files() == findings.count(Findings.Kind.UNREADABLE_FILE)) {
      throw new IOException(findings.first(Findings.Kind.UNREADABLE_FILE));
    }
    RecordingReader.Read read = RecordingReader.of(path, rows, findings);
    RecordedEpisodes all = read.episodes();
    Space observationSpace = all.observationSpace();
    Space actionSpace = all.actionSpace();
    Counts observations = new Counts(observationSpace);
    Counts actions = new Counts(actionSpace);
    int[] starts = RecordingSchema.starts(actionSpace);
    rows.sessions()
        .forEach(
            (session, steps) -> {
              for (Row row : steps) {
                look(row, session, starts, observations, actions, findings);
              }
            });
    List<RecordedEpisode> episodes = all.episodes();
    return new RecordingReport(
        rows.files(),
        rows.rows(),
        rows.models(),
        rows.versions(),
        observationSpace.toString(),
        actionSpace.toString(),
        read.spacesNamed(),
        episodes.size(),
        all.steps(),
        (int) episodes.stream().filter(RecordedEpisode::terminated).count(),
        (int) episodes.stream().filter(RecordedEpisode::truncated).count(),
        all.hasLogProbabilities(),
        Summary.of(episodes.stream().mapToDouble(RecordedEpisode::episodeReturn).toArray()),
        Summary.of(episodes.stream().mapToDouble(RecordedEpisode::steps).toArray()),
        observations.coverage(),
        actions.coverage(),
        problems(findings));
  }

  private static void look(
      Row row,
      Session session,
      int[] starts,
      Counts observations,
      Counts actions,
      Findings findings) {
    float[] action = row.action.clone();
    if (row.observation.length != observations.space.size() || action.length != starts.length) {
      return; // reported already
    }
    for (int i = 0; i < action.length; i++) {
      action[i] -= starts[i];
    }
    String where = "session %s, id %s".formatted(session, row.id);
    if (!isFinite(row.observation)) {
      findings.add(Findings.Kind.OBSERVATION_NOT_FINITE, where);
    } else if (!observations.space.contains(row.observation, 0)) {
      findings.add(Findings.Kind.OBSERVATION_OUTSIDE, where);
    }
    if (!isFinite(action)) {
      findings.add(Findings.Kind.ACTION_NOT_FINITE, where);
    } else if (!actions.space.contains(action, 0)) {
      findings.add(Findings.Kind.ACTION_OUTSIDE, where + ", " + Arrays.toString(row.action));
    }
    Outcome outcome = row.outcome;
    if (outcome == null || !outcome.rewarded) {
      findings.add(Findings.Kind.STEP_WITHOUT_REWARD, where);
    } else if (!Double.isFinite(outcome.reward)) {
      findings.add(Findings.Kind.REWARD_NOT_FINITE, where);
    }
    observations.add(row.observation);
    actions.add(action);
  }

  private static boolean isFinite(float[] numbers) {
    return NonFiniteException.firstBad(numbers, 0, numbers.length) == numbers.length;
  }

  private static List<Problem> problems(Findings findings) {
    List<Problem> problems = new ArrayList<>();
    findings
        .found()
        .forEach(
            (kind, found) ->
                problems.add(
                    new Problem(
                        kind.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                        found.count(),
                        kind.meaning(),
                        found.first())));
    return problems;
  }

  /** What is there of each number of a space. */
  private static final class Counts {
    final Space space;
    private final double[] least;
    private final double[] greatest;
    private final double[] sum;
    private final long[] count;

    /** Of each number, how often each choice occurs; empty where it is no choice. */
    private final long[][] choices;

    private final @Nullable Double[] low;
    private final @Nullable Double[] high;

    Counts(Space space) {
      this.space = space;
      int size = space.size();
      least = new double[size];
      greatest = new double[size];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
      sum = new double[size];
      count = new long[size];
      choices = new long[size][0];
      low = new Double[size];
      high = new Double[size];
      int at = 0;
      for (Space leaf : space.leaves()) {
        for (int i = 0; i < leaf.size(); i++) {
          bounds(leaf, i, at++);
        }
      }
    }

    private void bounds(Space leaf, int i, int at) {
      if (leaf instanceof Box box) {
        low[at] = Float.isInfinite(box.low(i)) ? null : (Double) (double) box.low(i);
        high[at] = Float.isInfinite(box.high(i)) ? null : (Double) (double) box.high(i);
        return;
      }
      int n =
          leaf instanceof Discrete discrete
              ? discrete.n()
              : leaf instanceof MultiDiscrete multi ? multi.n(i) : 2;
      low[at] = 0.0;
      high[at] = n - 1.0;
      choices[at] = new long[n];
    }

    void add(float[] numbers) {
      for (int i = 0; i < numbers.length; i++) {
        double number = numbers[i];
        if (!Double.isFinite(number)) {
          continue;
        }
        least[i] = Math.min(least[i], number);
        greatest[i] = Math.max(greatest[i], number);
        sum[i] += number;
        count[i]++;
        long[] of = choices[i];
        if (number >= 0 && number < of.length && number == (int) number) {
          of[(int) number]++;
        }
      }
    }

    List<Coverage> coverage() {
      return IntStream.range(0, sum.length)
          .filter(i -> count[i] > 0)
          .mapToObj(this::coverage)
          .toList();
    }

    private Coverage coverage(int i) {
      Double from = low[i];
      Double to = high[i];
      long[] of = choices[i];
      Double covered = null;
      if (of.length > 0) {
        covered = Arrays.stream(of).filter(n -> n > 0).count() / (double) of.length;
      } else if (from != null && to != null && to > from) {
        double within = Math.min(to, greatest[i]) - Math.max(from, least[i]);
        covered = Math.max(0, within / (to - from));
      }
      return new Coverage(
          i,
          least[i],
          sum[i] / count[i],
          greatest[i],
          from,
          to,
          covered,
          Arrays.stream(of).mapToObj(n -> n / (double) count[i]).toList());
    }
  }
}
