package org.mobula.tune.storage;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;

/**
 * Keeps studies and trials: all that happens is an operation that is added at the end, and all that
 * is known is what the operations say one after another.
 *
 * <p>A journal in a file is one of Optuna 5 ({@code JournalStorage(JournalFileBackend(path))}): its
 * processes and ours read it and add to it at once, under Optuna's lock. What a method added is
 * with the operating system when the method returns, so that a killed process loses nothing. It is
 * on the disk after the next operation that comes 200 ms or more after the last synchronisation,
 * and after {@link #flush} and {@link #close}: a power cut can take what was added since.
 *
 * <p>What is added is checked against all that others have added before. An operation that
 * contradicts it throws and is not written; one of others that does is passed over, as Optuna does.
 * A file that cannot be read or written throws {@link UncheckedIOException}; then nothing has
 * changed, and it may be tried again.
 *
 * <p>One thread at a time.
 */
public final class Journal implements AutoCloseable {
  /** The system attribute of a study that describes its search space. */
  public static final String SPACE = "mobula:space";

  private static final int MOST_WARNINGS = 100;

  /** How long Optuna waits before it breaks a lock. */
  private static final Duration GRACE_PERIOD = Duration.ofSeconds(30);

  private final Clock clock = Clock.systemUTC();
  private final String worker = UUID.randomUUID() + "-" + ProcessHandle.current().pid();
  private final Replay replay = new Replay();
  private final JournalFormat format = new JournalFormat();
  private final @Nullable JournalFile file;
  private final @Nullable JournalLock lock;
  private final String name;
  private final List<String> warnings = new ArrayList<>();
  private boolean locked;

  /** What is to be written in one piece, while something is. */
  private @Nullable ByteArrayOutputStream piece;

  private Journal(@Nullable Path path, boolean writable, Duration gracePeriod) throws IOException {
    name = String.valueOf(path);
    file = path == null ? null : new JournalFile(path, format, writable, this::warn);
    lock = path == null || !writable ? null : new JournalLock(path, gracePeriod);
  }

  private void warn(String warning) {
    if (warnings.size() < MOST_WARNINGS) {
      warnings.add(warning);
    }
  }

  /** A journal that is forgotten when it is closed. */
  public static Journal inMemory() {
    try {
      return new Journal(null, true, GRACE_PERIOD);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The journal in a file, which is made if it is not there.
   *
   * <p>A last line that is not whole was never finished: it is passed over, and removed before the
   * next one is added. Any other line that cannot be read is passed over for good, and {@link
   * #warnings} says so.
   *
   * @throws UncheckedIOException if the file cannot be read
   */
  public static Journal open(Path file) {
    return open(file, GRACE_PERIOD);
  }

  /**
   * As {@link #open(Path)}.
   *
   * @param gracePeriod how long the lock must have been held without any change to the file before
   *     its holder is taken for dead; 30 s in Optuna
   */
  public static Journal open(Path file, Duration gracePeriod) {
    return open(file, true, gracePeriod);
  }

  /**
   * The journal in a file as it is now, to be looked at: it is neither locked nor changed, and need
   * not be writable. Whatever would change it throws.
   *
   * @throws UncheckedIOException if the file cannot be read
   */
  public static Journal read(Path file) {
    return open(file, false, GRACE_PERIOD);
  }

  private static Journal open(Path file, boolean writable, Duration gracePeriod) {
    try {
      Journal journal = new Journal(file.toAbsolutePath(), writable, gracePeriod);
      try {
        journal.refresh();
      } catch (RuntimeException e) {
        try (journal) {
          throw e;
        }
      }
      return journal;
    } catch (IOException e) {
      throw new UncheckedIOException("%s cannot be opened: %s".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Why lines of the file, or parts of them, were passed over, with file and line; the first
   * hundred.
   */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** All studies, in the order in which they were made. */
  public List<StudyRecord> studies() {
    return List.copyOf(replay.studies().values());
  }

  /** The study of that name. */
  public Optional<StudyRecord> study(String name) {
    return Optional.ofNullable(replay.studies().get(name));
  }

  /**
   * A new study.
   *
   * @throws IllegalArgumentException if there is one of that name
   */
  public StudyRecord createStudy(String name, List<Direction> directions) {
    if (directions.isEmpty()) {
      throw new IllegalArgumentException(
          "study %s has no directions: name one for each objective".formatted(name));
    }
    append(new Operation.CreateStudy(name, List.copyOf(directions)));
    return study(name).orElseThrow();
  }

  /**
   * The study of that name, made if it is not there. The space is kept with it, so that all who
   * join search the same.
   *
   * @throws IllegalArgumentException if the study that is there has other directions or another
   *     space; with the first difference
   */
  public StudyRecord openStudy(String name, List<Direction> directions, SearchSpace space) {
    Map<String, Object> description = SpaceDescription.of(space);
    return together(
        () -> {
          StudyRecord study = study(name).orElse(null);
          if (study == null) {
            study = createStudy(name, directions);
          }
          Object known = study.systemAttributes.get(SPACE);
          Optional<String> difference =
              !study.directions.equals(directions)
                  ? Optional.of(
                      "the directions are %s in the study and %s here"
                          .formatted(study.directions, directions))
                  : known == null
                      ? Optional.empty()
                      : SpaceDescription.difference(known, description);
          if (difference.isPresent()) {
            throw new IllegalArgumentException(
                "study %s is there already and searches something else: %s; give this one another name, or make both the same"
                    .formatted(name, difference.get()));
          }
          if (known == null) {
            setSystemAttribute(study, SPACE, description);
          }
          return study;
        });
  }

  /** Removes a study with its trials. */
  public void deleteStudy(StudyRecord study) {
    append(new Operation.DeleteStudy(study.id));
  }

  /** Sets an attribute for people. */
  public void setUserAttribute(StudyRecord study, String key, Object value) {
    append(new Operation.SetStudyUserAttribute(study.id, key, Json.plain(value)));
  }

  /** Sets an attribute for samplers and schedulers. */
  public void setSystemAttribute(StudyRecord study, String key, Object value) {
    append(new Operation.SetStudySystemAttribute(study.id, key, Json.plain(value)));
  }

  /**
   * A new trial that runs, in one operation.
   *
   * @param parameters with their numbers, in the order of the space
   */
  public TrialRecord createTrial(
      StudyRecord study, Map<Parameter, Double> parameters, Map<String, Object> systemAttributes) {
    return create(study, TrialState.RUNNING, parameters, systemAttributes, now());
  }

  /** A trial that somebody will begin. */
  public TrialRecord enqueue(StudyRecord study, Map<String, Object> systemAttributes) {
    return create(study, TrialState.WAITING, Map.of(), systemAttributes, null);
  }

  private TrialRecord create(
      StudyRecord study,
      TrialState state,
      Map<Parameter, Double> parameters,
      Map<String, Object> systemAttributes,
      @Nullable Instant started) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    Map<String, Parameter> distributions = new LinkedHashMap<>();
    parameters.forEach(
        (parameter, number) -> {
          if (!parameter.contains(number)) {
            throw new IllegalArgumentException("%s is no value of %s".formatted(number, parameter));
          }
          numbers.put(parameter.name(), number);
          distributions.put(parameter.name(), parameter);
        });
    Map<String, Object> attributes = new LinkedHashMap<>();
    systemAttributes.forEach((key, value) -> attributes.put(key, Json.plain(value)));
    Operation.CreateTrial create =
        new Operation.CreateTrial(
            study.id,
            state,
            List.of(),
            numbers,
            distributions,
            Map.of(),
            Map.of(),
            attributes,
            started,
            null);
    return together(
        () -> {
          append(create);
          return study.trials.get(study.trials.size() - 1);
        });
  }

  /**
   * Sets a parameter of a trial that has none of that name.
   *
   * @throws IllegalArgumentException if a trial of the study has a parameter of that name of
   *     another kind, of other choices, or one is logarithmic and the other not
   */
  public void setParameter(TrialRecord trial, Parameter parameter, double internal) {
    append(new Operation.SetParameter(trial.id, parameter, internal));
  }

  /** Notes what a trial reported at a step; again at the same step, the last one counts. */
  public void report(TrialRecord trial, long step, double value) {
    append(new Operation.SetIntermediateValue(trial.id, step, value));
  }

  /**
   * Begins a waiting trial, or ends a running one.
   *
   * @param values of the objectives; none if not known
   * @throws IllegalStateException if the trial has ended, or is to begin but runs already: of
   *     several who begin a waiting trial it belongs to the first
   */
  public void setState(TrialRecord trial, TrialState state, double... values) {
    append(
        new Operation.SetState(
            trial.id,
            state,
            values.length == 0 ? null : DoubleStream.of(values).boxed().toList(),
            state == TrialState.RUNNING ? now() : null,
            state.isFinished() ? now() : null));
  }

  /** Sets an attribute for people. */
  public void setUserAttribute(TrialRecord trial, String key, Object value) {
    append(new Operation.SetTrialUserAttribute(trial.id, key, Json.plain(value)));
  }

  /** Sets an attribute for samplers and schedulers. */
  public void setSystemAttribute(TrialRecord trial, String key, Object value) {
    append(new Operation.SetTrialSystemAttribute(trial.id, key, Json.plain(value)));
  }

  /**
   * Does several operations under one lock: faster, and nobody else adds anything between them.
   * Each is still written as it is done, so one that throws does not undo those before it. Others
   * wait meanwhile, and after 30 s without an operation they no longer do.
   */
  public void together(Runnable operations) {
    together(
        () -> {
          operations.run();
          return true;
        });
  }

  /** As {@link #together(Runnable)}, with a result. */
  public <T> T together(Supplier<T> operations) {
    if (file != null && lock == null) {
      throw new IllegalStateException(name + " was opened to be read, and does not change");
    } else if (file == null || lock == null || locked) {
      return operations.get();
    }
    try {
      lock.acquire();
      locked = true;
      try {
        read(file);
        return operations.get();
      } finally {
        locked = false;
        lock.release();
        file.syncSometimes();
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * Notes a report, and what follows from it, in one piece: a process that is killed has written
   * all of it or nothing. If it cannot be written, this journal knows of it and the file does not:
   * go on with the file opened anew.
   *
   * @param consequences may set attributes of the trial; sees the report
   */
  public void report(TrialRecord trial, long step, double value, Runnable consequences) {
    together(
        () -> {
          piece = new ByteArrayOutputStream();
          try {
            report(trial, step, value);
            consequences.run();
          } finally {
            byte[] written = piece.toByteArray();
            piece = null;
            write(written);
          }
        });
  }

  /** What has been applied before: that others are in between changes nothing. */
  private void write(byte[] lines) {
    try {
      if (file != null && !file.append(lines)) {
        read(file);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Reads what other processes have added. */
  public void refresh() {
    try {
      if (file != null) {
        read(file);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Puts all that was added onto the disk. */
  public void flush() {
    try {
      if (file != null) {
        file.sync();
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void close() {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void append(Operation operation) {
    together(
        () -> {
          RuntimeException rejection = replay.rejection(operation);
          if (rejection != null) {
            throw rejection;
          }
          try {
            if (file == null || add(file, new JournalFormat.Line(worker, operation))) {
              replay.apply(operation);
            } else {
              read(file);
            }
          } catch (IOException e) {
            throw failed(e);
          }
          return true;
        });
  }

  /** Whether the line follows those that were read, or will. */
  private boolean add(JournalFile to, JournalFormat.Line line) throws IOException {
    byte[] bytes = format.bytes(line);
    if (piece == null) {
      return to.append(bytes);
    }
    piece.writeBytes(bytes);
    return true;
  }

  /** Applies what is new; throws if that contradicts an operation of this worker. */
  private void read(JournalFile from) throws IOException {
    RuntimeException[] ours = new RuntimeException[1];
    from.readNew(
        line -> {
          RuntimeException rejection = replay.rejection(line.operation());
          if (rejection == null) {
            replay.apply(line.operation());
          } else if (line.worker().equals(worker)) {
            ours[0] = rejection;
          }
        });
    if (ours[0] != null) {
      throw ours[0];
    }
  }

  private Instant now() {
    // The journal's precision: what is known here is what others read.
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private UncheckedIOException failed(IOException e) {
    String message = String.valueOf(e.getMessage());
    return new UncheckedIOException(message.startsWith(name) ? message : name + ": " + message, e);
  }
}
