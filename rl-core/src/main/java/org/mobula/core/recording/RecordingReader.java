package org.mobula.core.recording;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
 * Reads recordings: a Parquet file, or all below a folder, as {@link RecordingWriter} and a
 * server's recorder write them, or anything else that names its columns so.
 *
 * <p>A session is a trajectory, in the order of {@code step} where there is that column, else of
 * {@code id} and {@code row}. It has several episodes where {@code terminated} or {@code truncated}
 * is true in between. A row without a session is alone. A step without a reward has the reward 0.
 * Of a truncated or unfinished episode whose final observation is not known, the last step is left
 * out: its observation is the final one then. After a termination nothing is observed.
 *
 * <p>It needs {@code org.apache.parquet:parquet-column} and, for Zstandard and LZ4, {@code
 * io.airlift:aircompressor} on the class path.
 */
public final class RecordingReader {
  private final Space observationSpace;
  private final Space actionSpace;
  private final int[] starts;
  private final Findings findings;

  private RecordingReader(Space observationSpace, Space actionSpace, Findings findings) {
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.starts = RecordingSchema.starts(actionSpace);
    this.findings = findings;
  }

  /**
   * Reads episodes with the spaces that the files name. Where they name none, observations are
   * unbounded, and actions are unbounded too, or, where they are whole numbers, all choices up to
   * the greatest.
   *
   * @throws IOException if there is nothing to read, or a file is broken
   * @throws IllegalArgumentException if a step is there twice, or has too few numbers, or too many
   */
  public static RecordedEpisodes read(Path path) throws IOException {
    Findings findings = new Findings(true);
    return of(path, RecordedRows.read(path, findings), findings).episodes;
  }

  /**
   * Reads episodes with these spaces.
   *
   * @throws IOException if there is nothing to read, or a file is broken
   * @throws IllegalArgumentException if a step is there twice, or has too few numbers, or too many
   */
  public static RecordedEpisodes read(Path path, Space observationSpace, Space actionSpace)
      throws IOException {
    Findings findings = new Findings(true);
    RecordedRows rows = RecordedRows.read(path, findings);
    return new RecordingReader(observationSpace, actionSpace, findings).episodes(rows);
  }

  /** Episodes, and whether their spaces are named by the files. */
  record Read(RecordedEpisodes episodes, boolean spacesNamed) {}

  static Read of(Path path, RecordedRows rows, Findings findings) throws IOException {
    Space observations = rows.observationSpace();
    Space actions = rows.actionSpace();
    if (observations != null && actions != null) {
      return new Read(new RecordingReader(observations, actions, findings).episodes(rows), true);
    }
    Row first =
        rows.sessions().values().stream()
            .flatMap(List::stream)
            .findFirst()
            .orElseThrow(() -> new IOException("there is no step in " + path));
    Space likely = actions(rows, first);
    return new Read(
        new RecordingReader(Box.unbounded(first.observation.length), likely, findings)
            .episodes(rows),
        false);
  }

  /** The smallest usual space with all actions. */
  private static Space actions(RecordedRows rows, Row first) {
    int size = first.action.length;
    if (!rows.hasWholeActions()) {
      return Box.unbounded(size);
    }
    int[] choices = new int[size];
    int least = 0;
    for (List<Row> session : rows.sessions().values()) {
      for (Row row : session) {
        for (int i = 0; i < Math.min(size, row.action.length); i++) {
          choices[i] = Math.max(choices[i], (int) row.action[i] + 1);
          least = Math.min(least, (int) row.action[i]);
        }
      }
    }
    return rows.hasSingleActions() && least >= 0
        ? new Discrete(choices[0])
        : least >= 0 ? new MultiDiscrete(choices) : Box.unbounded(size);
  }

  private RecordedEpisodes episodes(RecordedRows rows) {
    RecordedEpisodes.Builder builder = RecordedEpisodes.builder(observationSpace, actionSpace);
    for (Map.Entry<Session, List<Row>> session : rows.sessions().entrySet()) {
      List<Row> episode = new ArrayList<>();
      Row before = null;
      for (Row row : session.getValue()) {
        if (row.observation.length != observationSpace.size()
            || row.action.length != actionSpace.size()) {
          findings.add(
              Findings.Kind.WRONG_SIZE,
              "%s numbers are observed and %s are the action of session %s, id %s"
                  .formatted(row.observation.length, row.action.length, session.getKey(), row.id));
          continue;
        }
        if (before != null && row.step >= 0 && row.step != before.step + 1) {
          boolean again = row.step == before.step;
          findings.add(
              again ? Findings.Kind.DUPLICATE_STEP : Findings.Kind.MISSING_STEP,
              "session %s, step %s after %s".formatted(session.getKey(), row.step, before.step));
          if (again) {
            continue;
          }
          end(builder, episode, session.getKey());
        }
        before = row;
        episode.add(row);
        Outcome outcome = row.outcome;
        if (outcome != null && outcome.isEnd()) {
          end(builder, episode, session.getKey());
        }
      }
      end(builder, episode, session.getKey());
    }
    return builder.build();
  }

  private void end(RecordedEpisodes.Builder builder, List<Row> rows, Session session) {
    if (rows.isEmpty()) {
      return;
    }
    Row last = rows.get(rows.size() - 1);
    Outcome outcome = last.outcome;
    boolean terminated = outcome != null && outcome.terminated;
    boolean truncated = outcome != null && outcome.truncated && !terminated;
    float[] known =
        outcome != null && outcome.finalObservation.length == observationSpace.size()
            ? outcome.finalObservation
            : null;
    if (!terminated && !truncated) {
      findings.add(Findings.Kind.UNFINISHED, "session " + session);
    } else if (truncated && known == null) {
      findings.add(Findings.Kind.UNKNOWN_FINAL, "session " + session);
    }
    boolean leavesOut = !terminated && known == null;
    int steps = leavesOut ? rows.size() - 1 : rows.size();
    if (steps > 0) {
      builder.add(
          episode(rows, steps, known == null ? last.observation : known, terminated, truncated));
    }
    rows.clear();
  }

  private RecordedEpisode episode(
      List<Row> rows, int steps, float[] last, boolean terminated, boolean truncated) {
    int width = observationSpace.size();
    int actionWidth = actionSpace.size();
    float[] observations = new float[(steps + 1) * width];
    float[] actions = new float[steps * actionWidth];
    float[] rewards = new float[steps];
    float[] logs = new float[steps];
    boolean known = true;
    for (int i = 0; i < steps; i++) {
      Row row = rows.get(i);
      System.arraycopy(row.observation, 0, observations, i * width, width);
      for (int j = 0; j < actionWidth; j++) {
        actions[i * actionWidth + j] = row.action[j] - starts[j];
      }
      Outcome outcome = row.outcome;
      rewards[i] = outcome == null ? 0 : (float) outcome.reward;
      logs[i] = row.logProbability;
      known &= !Float.isNaN(logs[i]);
    }
    System.arraycopy(last, 0, observations, steps * width, width);
    return new RecordedEpisode(
        observations, actions, rewards, known ? logs : new float[0], terminated, truncated);
  }
}
