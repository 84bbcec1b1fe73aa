package org.mobula.core.recording;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parquet.ParquetFile;
import org.mobula.core.parquet.ParquetValues;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.space.Space;

/**
 * All rows of a file or of the files below a folder, as they are: actions by session, in their
 * order, and what came of them, joined by {@code id} and {@code row}, by {@code session} and {@code
 * step}, or in the same row. Folders named {@code key=value} are columns.
 */
final class RecordedRows {
  private static final String NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";

  private final Map<Session, List<Row>> sessions = new LinkedHashMap<>();
  private final Map<Key, Row> byId = new HashMap<>();
  private final Map<Key, Outcome> outcomes = new LinkedHashMap<>();
  private final Map<Place, Outcome> outcomesByStep = new LinkedHashMap<>();
  private final Findings findings;
  private final TreeSet<String> models = new TreeSet<>();
  private final TreeSet<String> versions = new TreeSet<>();
  private @Nullable Space observationSpace;
  private @Nullable Space actionSpace;
  private boolean wholeActions = true;
  private boolean singleActions = true;
  private int files;
  private long rows;

  /** A row of an answer. */
  private record Key(String id, long row) {}

  /** A step of a session, from 0. */
  private record Place(Session session, long step) {}

  /**
   * Which rows belong together: those of a model's session, by its name; or a row alone.
   *
   * @param model empty where it is not said
   * @param name empty of a row alone
   * @param alone which row it is; null of a session
   */
  record Session(String model, String name, @Nullable Object alone) {
    @Override
    public String toString() {
      return alone == null ? name : "none";
    }
  }

  /** What was observed and done. */
  static final class Row {
    final String id;
    final long number;
    final float[] observation;
    final float[] action;
    final float logProbability;

    /** Where in its session it says to be; −1 if it does not. */
    final long step;

    /** What came of it; null until it is known. */
    @Nullable Outcome outcome;

    Row(
        String id,
        long number,
        float[] observation,
        float[] action,
        float logProbability,
        long step) {
      this.id = id;
      this.number = number;
      this.observation = observation;
      this.action = action;
      this.logProbability = logProbability;
      this.step = step;
    }
  }

  /** What came of an action, all parts together. */
  static final class Outcome {
    double reward;
    boolean rewarded;
    boolean terminated;
    boolean truncated;

    /** Empty where it is not known. */
    float[] finalObservation = {};

    boolean isEnd() {
      return terminated || truncated;
    }
  }

  private RecordedRows(Findings findings) {
    this.findings = findings;
  }

  /**
   * Reads everything.
   *
   * @param findings hears of what is broken and left out, and may refuse it
   * @throws IOException if there is nothing to read
   */
  static RecordedRows read(Path path, Findings findings) throws IOException {
    RecordedRows all = new RecordedRows(findings);
    for (Path file : files(path)) {
      all.files++;
      try (ParquetFile parquet = ParquetFile.open(file)) {
        all.add(parquet, file, partitions(path, file));
      } catch (IOException e) {
        findings.unreadable(e);
      }
    }
    all.join();
    return all;
  }

  private static List<Path> files(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      return List.of(path);
    } else if (!Files.exists(path)) {
      throw new IOException(
          path + " does not exist; name a Parquet file, or a folder that holds some");
    }
    try (Stream<Path> tree = Files.walk(path)) {
      List<Path> files =
          tree.filter(file -> isRecording(path.relativize(file)) && Files.isRegularFile(file))
              .sorted()
              .toList();
      if (files.isEmpty()) {
        throw new IOException(
            "there is no .parquet file in or below " + path + "; name a folder that holds some");
      }
      return files;
    }
  }

  /**
   * Names that begin with a dot or an underscore are of files that are not complete, or no data.
   */
  private static boolean isRecording(Path file) {
    for (Path part : file) {
      String name = part.toString();
      if (name.startsWith(".") || (name.startsWith("_") && !name.contains("="))) {
        return false;
      }
    }
    return file.toString().endsWith(".parquet");
  }

  private static Map<String, @Nullable String> partitions(Path root, Path file) {
    Map<String, @Nullable String> partitions = new LinkedHashMap<>();
    for (Path part : root.relativize(file)) {
      String name = part.toString();
      int equals = name.indexOf('=');
      if (equals > 0 && !name.endsWith(".parquet")) {
        String value = URLDecoder.decode(name.substring(equals + 1), StandardCharsets.UTF_8);
        partitions.put(name.substring(0, equals), value.equals(NULL_PARTITION) ? null : value);
      }
    }
    return partitions;
  }

  private void add(ParquetFile parquet, Path file, Map<String, @Nullable String> partitions)
      throws IOException {
    spaces(parquet, file);
    List<String> columns = parquet.columns();
    boolean steps = columns.contains(RecordingSchema.OBSERVATION);
    if (!steps && !columns.contains("reward")) {
      throw new IOException(
          "%s has neither a column 'observation' nor one 'reward', but %s; name the columns as Mobula's recordings do"
              .formatted(file, columns));
    }
    for (int group = 0; group < parquet.groups(); group++) {
      Group read = new Group(parquet, file, group, partitions);
      if (steps) {
        addSteps(read);
      } else {
        addOutcomes(read);
      }
    }
  }

  private void spaces(ParquetFile parquet, Path file) throws IOException {
    String observations = parquet.metadata().get(RecordingSchema.OBSERVATION_SPACE);
    String actions = parquet.metadata().get(RecordingSchema.ACTION_SPACE);
    if (observations == null || actions == null) {
      return;
    }
    Space ofObservations = PolicyFile.space(observations);
    Space ofActions = PolicyFile.space(actions);
    Space knownObservations = observationSpace;
    Space knownActions = actionSpace;
    if (knownObservations == null || knownActions == null) {
      observationSpace = ofObservations;
      actionSpace = ofActions;
    } else if (!knownObservations.equals(ofObservations) || !knownActions.equals(ofActions)) {
      throw new IOException(
          "%s has observations %s and actions %s but files before it have %s and %s; name the folder of one model"
              .formatted(file, ofObservations, ofActions, knownObservations, knownActions));
    }
  }

  /** The columns of a row group, or of its folder. */
  private record Group(
      ParquetFile parquet, Path file, int index, Map<String, @Nullable String> partitions) {
    @Nullable ParquetValues column(String name) throws IOException {
      if (parquet.columns().contains(name)) {
        return parquet.read(index, name);
      }
      return partitions.containsKey(name)
          ? ParquetValues.constant(name, partitions.get(name), parquet.rows(index))
          : null;
    }

    ParquetValues required(String name) throws IOException {
      ParquetValues values = column(name);
      if (values == null) {
        throw new IOException(
            "%s has no column '%s'; it has %s".formatted(file, name, parquet.columns()));
      }
      return values;
    }
  }

  private void addSteps(Group group) throws IOException {
    ParquetValues observations = group.required(RecordingSchema.OBSERVATION);
    ParquetValues actions = group.required(RecordingSchema.ACTION);
    ParquetValues ids = group.column("id");
    ParquetValues numbers = group.column("row");
    ParquetValues sessionNames = group.column("session");
    if (sessionNames == null) {
      sessionNames = group.column("episode");
    }
    ParquetValues stepNumbers = group.column("step");
    ParquetValues modelNames = group.column("model");
    ParquetValues versionNames = group.column("version");
    ParquetValues logs = group.column(RecordingSchema.LOG_PROBABILITY);
    ParquetValues deterministic = group.column("deterministic");
    Inline inline = Inline.of(group);
    for (int i = 0; i < observations.rows(); i++) {
      String id = ids == null ? null : ids.text(i);
      long number = numbers == null || numbers.isNull(i) ? 0 : (long) numbers.number(i);
      long step = stepNumbers == null || stepNumbers.isNull(i) ? -1 : (long) stepNumbers.number(i);
      String model = note(modelNames, i, models);
      note(versionNames, i, versions);
      String session = sessionNames == null ? null : sessionNames.text(i);
      if (id == null) { // the place in the file stands for the time of the answer
        id = String.format(Locale.ROOT, "%s#%012d", group.file, rows);
      }
      rows++;
      Row row =
          new Row(
              id,
              number,
              observations.numbers(i),
              actions.numbers(i),
              // Of the most likely action it says nothing about how that was chosen.
              logs == null || (deterministic != null && deterministic.flag(i))
                  ? Float.NaN
                  : (float) logs.number(i),
              step);
      wholeActions &= actions.isWhole();
      singleActions &= !actions.isLists();
      if (byId.putIfAbsent(new Key(id, number), row) != null) {
        findings.add(Findings.Kind.DUPLICATE_STEP, "id %s, row %s".formatted(id, number));
        continue;
      }
      if (inline != null) {
        inline.addTo(row, i);
      }
      // Without a session each answer is alone.
      Session whole =
          session == null ? new Session(model, "", row) : new Session(model, session, null);
      sessions.computeIfAbsent(whole, key -> new ArrayList<>()).add(row);
    }
  }

  private static String note(@Nullable ParquetValues names, int row, Collection<String> all) {
    String name = names == null ? null : names.text(row);
    if (name == null) {
      return "";
    }
    all.add(name);
    return name;
  }

  /** What came of actions, in a file of their own or in the rows of the actions. */
  private record Inline(
      ParquetValues rewards,
      @Nullable ParquetValues terminated,
      @Nullable ParquetValues truncated,
      @Nullable ParquetValues finals) {
    static @Nullable Inline of(Group group) throws IOException {
      ParquetValues rewards = group.column("reward");
      return rewards == null
          ? null
          : new Inline(
              rewards,
              group.column("terminated"),
              group.column("truncated"),
              group.column(RecordingSchema.FINAL_OBSERVATION));
    }

    void addTo(Row row, int i) throws IOException {
      Outcome outcome = new Outcome();
      addTo(outcome, i);
      row.outcome = outcome;
    }

    void addTo(Outcome outcome, int i) throws IOException {
      if (!rewards.isNull(i)) {
        outcome.reward += rewards.number(i);
        outcome.rewarded = true;
      }
      outcome.terminated |= terminated != null && terminated.flag(i);
      outcome.truncated |= truncated != null && truncated.flag(i);
      if (finals != null && finals.count(i) > 0) {
        outcome.finalObservation = finals.numbers(i);
      }
    }
  }

  private void addOutcomes(Group group) throws IOException {
    ParquetValues ids = group.column("id");
    ParquetValues numbers = ids == null ? group.required("step") : group.column("row");
    ParquetValues names = ids == null ? group.required("session") : ids;
    Inline parts = Objects.requireNonNull(Inline.of(group));
    ParquetValues modelNames = group.column("model");
    for (int i = 0; i < parts.rewards.rows(); i++) {
      String name = String.valueOf(names.text(i));
      long number = numbers == null || numbers.isNull(i) ? 0 : (long) numbers.number(i);
      Outcome outcome =
          ids == null
              ? outcomesByStep.computeIfAbsent(
                  new Place(
                      new Session(
                          Objects.requireNonNullElse(
                              modelNames == null ? null : modelNames.text(i), ""),
                          name,
                          null),
                      number),
                  key -> new Outcome())
              : outcomes.computeIfAbsent(new Key(name, number), key -> new Outcome());
      parts.addTo(outcome, i);
    }
  }

  /** Puts the rows of each session in their order, and what came of them beside them. */
  private void join() {
    outcomes.forEach(
        (key, outcome) -> {
          Row row = byId.get(key);
          if (row == null) {
            findings.add(
                Findings.Kind.REWARD_WITHOUT_STEP, "id %s, row %s".formatted(key.id, key.row));
          } else {
            row.outcome = outcome;
          }
        });
    byId.clear();
    sessions.forEach(
        (name, session) -> {
          session.sort(
              (one, other) -> {
                int order = Long.compare(one.step, other.step);
                order = order != 0 ? order : one.id.compareTo(other.id);
                return order != 0 ? order : Long.compare(one.number, other.number);
              });
          for (int i = 0; i < session.size() && !outcomesByStep.isEmpty(); i++) {
            Row row = session.get(i);
            long step = row.step < 0 ? i : row.step;
            Outcome outcome = outcomesByStep.remove(new Place(name, step));
            if (outcome == null) { // rewards that do not say their model
              outcome = outcomesByStep.remove(new Place(new Session("", name.name, null), step));
            }
            row.outcome = outcome == null ? row.outcome : outcome;
          }
        });
    outcomesByStep
        .keySet()
        .forEach(
            key ->
                findings.add(
                    Findings.Kind.REWARD_WITHOUT_STEP,
                    "session %s, step %s".formatted(key.session, key.step)));
  }

  /** The rows of each session, in their order. */
  Map<Session, List<Row>> sessions() {
    return sessions;
  }

  /** The space that the files name, if they do. */
  @Nullable Space observationSpace() {
    return observationSpace;
  }

  /** The space that the files name, if they do. */
  @Nullable Space actionSpace() {
    return actionSpace;
  }

  /** Whether every action is made of whole numbers. */
  boolean hasWholeActions() {
    return wholeActions;
  }

  /** Whether every action is one number, not a list. */
  boolean hasSingleActions() {
    return singleActions;
  }

  /** The models' names. */
  List<String> models() {
    return List.copyOf(models);
  }

  /** The models' versions. */
  List<String> versions() {
    return List.copyOf(versions);
  }

  int files() {
    return files;
  }

  long rows() {
    return rows;
  }
}
