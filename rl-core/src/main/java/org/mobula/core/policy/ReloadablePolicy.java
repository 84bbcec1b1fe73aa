package org.mobula.core.policy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A policy that is exchanged for a newer one while many threads act: the newest good checkpoint of
 * a run that may still be training. A checkpoint that is broken, or that holds no finite numbers,
 * or another task's policy, is reported and left alone, and the one before it acts.
 *
 * <pre>{@code
 * try (ReloadablePolicy policy = ReloadablePolicy.load(Path.of("runs/cartpole"))) {
 *   policy.poll(executor, Duration.ofSeconds(10), broken -> log.warn("kept the old policy", broken));
 *   float[] action = policy.act(observation);
 * }
 * }</pre>
 */
public final class ReloadablePolicy implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReloadablePolicy.class);

  private final Path path;
  private final ReentrantLock reloading = new ReentrantLock();
  private final Map<Version, IOException> refused = new HashMap<>(); // guarded by the lock
  private volatile Loaded current;
  private volatile boolean closed;

  /** A file as it was written at a time: another time is another policy. */
  private record Version(Path file, FileTime modified) {}

  private record Loaded(Version version, Policy policy) {}

  private ReloadablePolicy(Path path) throws IOException {
    this.path = path;
    IOException broken = null;
    Loaded found = null;
    for (Version version : versions()) {
      try {
        found = new Loaded(version, open(version.file(), null));
        break;
      } catch (IOException e) {
        refused.put(version, e);
        broken = broken == null ? e : broken;
      }
    }
    if (found == null) {
      throw broken == null ? new IOException("no checkpoint is complete in " + path) : broken;
    }
    current = found;
  }

  /**
   * Loads the newest good policy.
   *
   * @param path a run directory, a checkpoint directory or a policy's file, which may be replaced
   *     later
   * @throws IOException if there is none, or none is good: what is wrong with the newest
   */
  public static ReloadablePolicy load(Path path) throws IOException {
    return new ReloadablePolicy(path);
  }

  /**
   * Looks for a newer policy and acts with it from now on. The old one is closed when those who act
   * with it now are done, before this returns.
   *
   * @return whether another policy acts now
   * @throws IOException if the newest cannot be used. The newest good one acts then, which is the
   *     old one if none between them is good
   * @throws IllegalStateException if this is closed
   */
  public boolean reload() throws IOException {
    reloading.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the policy is closed; load it again to act with it");
      }
      Loaded old = current;
      List<Version> versions = versions();
      refused.keySet().retainAll(versions);
      IOException broken = null;
      boolean exchanged = false;
      for (Version version : versions) {
        if (version.equals(old.version())) {
          break;
        }
        IOException wrong = refused.get(version);
        if (wrong == null) {
          try {
            current = new Loaded(version, open(version.file(), old.policy().spec()));
            old.policy().close();
            exchanged = true;
            break;
          } catch (NoSuchFileException e) {
            continue; // deleted by the run meanwhile, for there are newer ones
          } catch (IOException e) {
            refused.put(version, e);
            wrong = e;
          }
        }
        broken = broken == null ? wrong : broken;
      }
      if (broken != null) {
        throw new IOException(
            broken.getMessage() + "; " + current.version().file() + " acts", broken);
      }
      return exchanged;
    } finally {
      reloading.unlock();
    }
  }

  /**
   * Reloads again and again, until the returned future is cancelled, the executor shut down or this
   * closed.
   *
   * @param executor whose clock counts the interval
   * @param interval from the end of one look to the next, above 0
   * @param report is told once of each version that cannot be used
   */
  public ScheduledFuture<?> poll(
      ScheduledExecutorService executor, Duration interval, Consumer<IOException> report) {
    return executor.scheduleWithFixedDelay(
        new Runnable() {
          private @Nullable String reported;

          @Override
          public void run() {
            if (closed) {
              throw new IllegalStateException("the policy is closed"); // ends the schedule
            }
            try {
              reload();
              reported = null;
            } catch (IOException e) {
              String sentence = String.valueOf(e.getMessage());
              if (!sentence.equals(reported)) {
                reported = sentence;
                tell(report, e);
              }
            }
          }
        },
        interval.toNanos(),
        interval.toNanos(),
        TimeUnit.NANOSECONDS);
  }

  private static void tell(Consumer<IOException> report, IOException broken) {
    try {
      report.accept(broken);
    } catch (RuntimeException e) { // or else no newer policy would ever be taken
      LOG.warn("the report of a broken policy failed", e);
    }
  }

  /** Newest first. */
  private List<Version> versions() throws IOException {
    Path checkpoints = path.resolve("checkpoints");
    if (!Files.isDirectory(checkpoints)) {
      Path file = PolicyFile.locate(path);
      return List.of(new Version(file, Files.getLastModifiedTime(file)));
    }
    try (Stream<Path> entries = Files.list(checkpoints)) {
      return entries
          .filter(entry -> entry.getFileName().toString().startsWith("step-"))
          .sorted(Comparator.reverseOrder())
          .map(checkpoint -> checkpoint.resolve(Policy.FILE_NAME))
          .flatMap(ReloadablePolicy::version)
          .toList();
    }
  }

  private static Stream<Version> version(Path file) {
    try {
      return Stream.of(new Version(file, Files.getLastModifiedTime(file)));
    } catch (IOException e) { // just deleted, or not there
      return Stream.of();
    }
  }

  private static Policy open(Path file, @Nullable PolicySpec present) throws IOException {
    PolicyFile.Contents contents = PolicyFile.read(file);
    PolicySpec spec = contents.spec();
    if (present != null
        && !(spec.observationSpace().equals(present.observationSpace())
            && spec.actionSpace().equals(present.actionSpace())
            && spec.masksActions() == present.masksActions())) {
      throw new IOException(
          "%s observes %s and acts in %s%s, but the policy that it is to replace observes %s and acts in %s%s; load it as a policy of its own"
              .formatted(
                  file,
                  spec.observationSpace(),
                  spec.actionSpace(),
                  spec.masksActions() ? " with masks" : "",
                  present.observationSpace(),
                  present.actionSpace(),
                  present.masksActions() ? " with masks" : ""));
    }
    try {
      return new Policy(spec, contents.snapshot(), NetworkEngine.AUTO);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** The form of the policy: its spaces stay when it is exchanged, its network need not. */
  public PolicySpec spec() {
    return current.policy().spec();
  }

  /** The file of the policy that acts now. */
  public Path file() {
    return current.version().file();
  }

  /** As {@link Policy#act(float[])}, with the present policy. */
  public float[] act(float[] observation) {
    return act(observation, null, null);
  }

  /** As {@link Policy#act(float[], boolean[])}, with the present policy. */
  public float[] act(float[] observation, boolean[] mask) {
    return act(observation, mask, null);
  }

  /** As {@link Policy#act(float[], boolean[], Pcg64)}, with the present policy. */
  public float[] act(float[] observation, boolean @Nullable [] mask, @Nullable Pcg64 random) {
    while (true) {
      Policy policy = current.policy();
      try {
        return policy.act(observation, mask, random);
      } catch (IllegalStateException e) {
        throwUnlessExchanged(policy, e);
      }
    }
  }

  /** As {@link Policy#evaluate(float[], boolean[], Pcg64)}, with the present policy. */
  public ActionEvaluation evaluate(
      float[] observation, boolean @Nullable [] mask, @Nullable Pcg64 random) {
    while (true) {
      Policy policy = current.policy();
      try {
        return policy.evaluate(observation, mask, random);
      } catch (IllegalStateException e) {
        throwUnlessExchanged(policy, e);
      }
    }
  }

  /** As {@link Policy#evaluate(float[][], boolean[][], Pcg64)}, by one policy for all of them. */
  public List<ActionEvaluation> evaluate(
      float[][] observations, boolean @Nullable [][] masks, @Nullable Pcg64 random) {
    while (true) {
      Policy policy = current.policy();
      try {
        return policy.evaluate(observations, masks, random);
      } catch (IllegalStateException e) {
        throwUnlessExchanged(policy, e);
      }
    }
  }

  /** The old policy may be closed between the moments in which it is looked up and acts. */
  private void throwUnlessExchanged(Policy policy, IllegalStateException error) {
    if (policy == current.policy()) {
      throw error;
    }
  }

  /** Closes the present policy when those who act with it now are done; polling ends. */
  @Override
  public void close() {
    reloading.lock();
    try {
      closed = true;
      current.policy().close();
    } finally {
      reloading.unlock();
    }
  }
}
