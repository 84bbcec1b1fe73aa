package org.mobula.serve.record;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parquet.ParquetTable;
import org.mobula.serve.model.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records answers and rewards as Parquet files: {@code DIRECTORY/MODEL/steps/*.parquet} and {@code
 * DIRECTORY/MODEL/rewards/*.parquet}, joined by {@code id} and {@code row}.
 *
 * <p>Who answers is never kept waiting: rows go into a bounded queue, and are dropped and counted
 * where it is full. A thread of the recorder's own writes them. A file has its name only once it is
 * complete, so whatever has is readable, whenever the process is killed; younger rows are lost
 * then.
 */
public final class Recorder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);

  private static final String STEPS = "/steps";
  private static final String REWARDS = "/rewards";
  private static final int QUEUE_ENTRIES = 1 << 15;
  private static final long PAUSE_NANOS = 20_000_000;
  private static final long QUEUE_BYTES = 32L << 20;
  private static final long TABLE_BYTES = 32L << 20;

  private final RecordConfig config;
  private final long tableBytes;
  private final FileChannel lockFile;
  private final RecentAnswers answers = new RecentAnswers(System.currentTimeMillis());
  private final BlockingQueue<Entry> queue = new ArrayBlockingQueue<>(QUEUE_ENTRIES);
  private final AtomicLong queuedBytes = new AtomicLong();
  private final LongAdder recordedSteps = new LongAdder();
  private final LongAdder recordedRewards = new LongAdder();
  private final Map<Loss, LongAdder> lost = new LinkedHashMap<>();
  private final Thread thread = new Thread(this::run, "serve-record");

  // Of the thread.
  private final Map<String, Open> tables = new LinkedHashMap<>();
  private final Set<Loss> warned = EnumSet.noneOf(Loss.class);
  private int files;

  // Of those who answer.
  private final AtomicLong nextQueueWarningNanos = new AtomicLong(System.nanoTime());

  /** Why rows were not recorded. */
  public enum Loss {
    /** They came faster than the disk took them. */
    QUEUE_FULL,
    /** The disk took them not: full, broken, not ours. */
    WRITE_FAILED,
    /** The directory's limit is reached. */
    DISK_LIMIT,
    /** A tensor of theirs is of a datatype that has no column. */
    NO_COLUMN
  }

  private record Open(String folder, Table table, long dueNanos) {}

  private Recorder(RecordConfig config, long tableBytes, FileChannel lockFile) {
    this.config = config;
    this.tableBytes = tableBytes;
    this.lockFile = lockFile;
    for (Loss loss : Loss.values()) {
      lost.put(loss, new LongAdder());
    }
    thread.setDaemon(true);
  }

  /**
   * Begins to record.
   *
   * @throws IOException if the directory cannot be written to, or another process records there
   */
  public static Recorder open(RecordConfig config) throws IOException {
    return open(config, TABLE_BYTES);
  }

  /**
   * The same.
   *
   * @param tableBytes that the rows of all unfinished files may take in memory; beyond, the largest
   *     is finished
   */
  static Recorder open(RecordConfig config, long tableBytes) throws IOException {
    Path directory = config.directory();
    Files.createDirectories(directory);
    FileChannel lockFile =
        FileChannel.open(
            directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!lock(lockFile)) {
        throw new IOException(
            directory + " is being recorded to by another server; give each its own directory");
      }
      removeIncomplete(directory);
      Recorder recorder = new Recorder(config, tableBytes, lockFile);
      recorder.thread.start();
      return recorder;
    } catch (IOException e) {
      lockFile.close();
      throw e;
    }
  }

  private static boolean lock(FileChannel lockFile) throws IOException {
    try {
      @Nullable FileLock lock = lockFile.tryLock();
      return lock != null; // goes with the channel
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** What a killed server left in the middle. */
  private static void removeIncomplete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory, 3)) {
      for (Path file : all.toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.startsWith(".") && name.endsWith(".parquet" + ParquetTable.PART)) {
          Files.delete(file);
        }
      }
    }
  }

  // Those who answer.

  /**
   * Takes an answer. Returns at once.
   *
   * @param session whose requests belong together, if any
   * @param requestId that the request gave itself, if any
   * @param inputs in the order of the signature; not changed by anybody any more
   * @param outputs likewise, with as many rows
   * @param metadata of the files that they come into
   * @return the answer's id, for rewards to come; null if the queue is full
   */
  public @Nullable String step(
      String model,
      String version,
      @Nullable String session,
      @Nullable String requestId,
      boolean deterministic,
      List<Tensor> inputs,
      List<Tensor> outputs,
      Map<String, String> metadata) {
    long number = answers.next();
    String id = answers.id(number);
    Entry.Steps steps =
        new Entry.Steps(
            id,
            now(),
            model,
            version,
            session,
            requestId,
            deterministic,
            inputs,
            outputs,
            metadata);
    if (!offer(steps)) {
      return null;
    }
    answers.remember(number, model, steps.rows());
    return id;
  }

  /**
   * Takes rewards for a model's answers. Returns at once.
   *
   * @return those that match no answer: its id unknown, of another model or older than the last
   *     1,048,576 answers, or without such a row; empty if the queue is full, where none is taken
   */
  public Optional<List<Reward>> reward(String model, List<Reward> rewards) {
    List<Reward> matched = new ArrayList<>(rewards.size());
    List<Reward> unmatched = new ArrayList<>();
    for (Reward reward : rewards) {
      (answers.knows(reward.id(), model, reward.row()) ? matched : unmatched).add(reward);
    }
    return matched.isEmpty() || offer(new Entry.Rewards(model, now(), matched))
        ? Optional.of(unmatched)
        : Optional.empty();
  }

  private static long now() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  private boolean offer(Entry entry) {
    long bytes = entry.bytes();
    if (queuedBytes.addAndGet(bytes) <= QUEUE_BYTES && queue.offer(entry)) {
      return true;
    }
    queuedBytes.addAndGet(-bytes);
    lost(Loss.QUEUE_FULL).add(entry.rows());
    long due = nextQueueWarningNanos.get();
    long now = System.nanoTime();
    if (now - due >= 0
        && nextQueueWarningNanos.compareAndSet(due, now + Duration.ofMinutes(1).toNanos())) {
      LOG.warn(
          "{} takes rows slower than they come; some are not recorded, see /metrics",
          config.directory());
    }
    return false;
  }

  /** Rows of answers that lie in complete files. */
  public long recordedSteps() {
    return recordedSteps.sum();
  }

  /** Rewards that lie in complete files. */
  public long recordedRewards() {
    return recordedRewards.sum();
  }

  /** Rows that were dropped. */
  public long dropped(Loss loss) {
    return lost(loss).sum();
  }

  private LongAdder lost(Loss loss) {
    return Objects.requireNonNull(lost.get(loss));
  }

  /** Writes what it has taken; what comes later is dropped. Waits for a minute at most. */
  @Override
  public void close() {
    close(Duration.ofMinutes(1));
  }

  /**
   * The same.
   *
   * @param patience how long it waits at most; then the rest is lost
   */
  public void close(Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    try {
      if (queue.offer(new Entry.End(), patience.toNanos(), TimeUnit.NANOSECONDS)) {
        thread.join(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      }
      if (thread.isAlive()) {
        LOG.warn("{} is too slow; the last rows are not recorded", config.directory());
      }
      lockFile.close();
    } catch (IOException e) {
      LOG.warn("{} cannot be let go", config.directory(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The thread.

  private void run() {
    try {
      while (true) {
        Entry entry = poll();
        if (entry instanceof Entry.End) {
          break;
        }
        if (entry != null) {
          queuedBytes.addAndGet(-entry.bytes());
          append(entry);
        }
        rollDue();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // by nobody of ours
    }
    List.copyOf(tables.values()).forEach(this::roll);
  }

  /**
   * The next entry, null if there is none. It is looked for from time to time while there are rows
   * in memory: to be woken for each would cost those who answer more than all else here.
   */
  private @Nullable Entry poll() throws InterruptedException {
    if (tables.isEmpty()) {
      return queue.take();
    }
    Entry entry = queue.poll();
    if (entry == null) {
      long now = System.nanoTime();
      long wait = PAUSE_NANOS;
      for (Open open : tables.values()) {
        wait = Math.min(wait, open.dueNanos - now);
      }
      LockSupport.parkNanos(wait);
    }
    return entry;
  }

  private void append(Entry entry) {
    String folder = entry.model() + (entry instanceof Entry.Steps ? STEPS : REWARDS);
    Open open = tables.get(folder);
    if (open != null && !open.table.fits(entry)) { // another version has another form
      roll(open);
      open = null;
    }
    if (open == null) {
      Table table;
      try {
        table = Table.of(entry);
      } catch (IllegalArgumentException e) {
        lose(Loss.NO_COLUMN, entry.rows(), "answers of " + entry.model(), e);
        return;
      }
      open = new Open(folder, table, System.nanoTime() + config.rollEvery().toNanos());
      tables.put(folder, open);
    }
    open.table.add(entry);
    long bytes = 0;
    for (Open each : tables.values()) {
      bytes += each.table.bytes();
    }
    if (bytes > tableBytes) {
      tables.values().stream()
          .max(Comparator.comparingLong(o -> o.table.bytes()))
          .ifPresent(this::roll);
    }
  }

  private void rollDue() {
    long now = System.nanoTime();
    for (Open open : List.copyOf(tables.values())) {
      if (open.dueNanos - now <= 0) {
        roll(open);
      }
    }
  }

  private void roll(Open open) {
    tables.remove(open.folder);
    int rows = open.table.rows();
    Path folder = config.directory().resolve(open.folder);
    try {
      Long limit = config.diskLimit();
      if (limit != null && usedBytes() + open.table.bytes() > limit) {
        lose(
            Loss.DISK_LIMIT,
            rows,
            config.directory() + " has reached its limit of " + limit + " bytes; rows",
            null);
        return;
      }
      Files.createDirectories(folder);
      open.table.write(
          folder.resolve(String.format(Locale.ROOT, "%s%06d.parquet", answers.start(), files++)));
      (open.folder.endsWith(STEPS) ? recordedSteps : recordedRewards).add(rows);
      warned.clear();
    } catch (IOException | UncheckedIOException e) {
      lose(Loss.WRITE_FAILED, rows, "rows for " + folder, e);
    }
  }

  private long usedBytes() throws IOException {
    long bytes = 0;
    try (Stream<Path> all = Files.walk(config.directory(), 3)) {
      for (Path file : all.toList()) {
        try {
          bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
        } catch (NoSuchFileException e) { // just moved away, to make room
          LOG.debug("{} is gone", file);
        }
      }
    }
    return bytes;
  }

  private void lose(Loss loss, int rows, String what, @Nullable Exception cause) {
    lost(loss).add(rows);
    if (warned.add(loss)) {
      LOG.warn(
          "{} are not recorded{}; they are counted in /metrics",
          what,
          cause == null ? "" : ": " + cause.getMessage());
    }
  }
}
