package org.mobula.parameterserver;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.network.simd.Simd;
import org.mobula.core.network.simd.Sums;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.codec.ErrorFeedback;
import org.mobula.parameterserver.shard.Agreement;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker's way to parameters that lie in shards. Its pushes are steps together with, or beside,
 * those of the other workers, as the shards' consistency says; a push returns when the step is
 * taken and, where there are replicas, is on them too.
 *
 * <p>A push brings the values after its step with it, so the pull that follows needs no message.
 * Where all workers go on together, the values of a pull are one version. With {@code first},
 * bounded staleness or {@code asynchronous}, shards may be a few versions apart, and so may the
 * parts of a pull; its version is that of the oldest part. A saved state is of one version.
 *
 * <p>A shard that fails is replaced by its replica without the caller noticing. Safe for several
 * threads, which take turns. A daemon thread renews the worker's leases and looks after silent
 * shards.
 */
@SuppressWarnings("FutureReturnValueIgnored") // The ticker ticks until it is shut down.
public final class ServerParameterStore implements ParameterStore {
  private static final Logger LOG = LoggerFactory.getLogger(ServerParameterStore.class);

  private static final boolean VECTORS = Simd.available();

  /** How often shards are asked again for a saved state of one version, before parts are mixed. */
  private static final int SAVE_ATTEMPTS = 10;

  /** The part of a checkpoint with the identity of the run. */
  private static final String RUN = "run";

  /** The part of a checkpoint with the highest epoch of the shards. */
  private static final String EPOCH = "shard-epoch";

  /** Shards are asked how they fare no more often than this. */
  private static final long MEASURE_NANOS = 200_000_000;

  /** And at least this often. */
  private static final long NEWS_NANOS = 500_000_000;

  /** Of the parts of a checkpoint. */
  static final String FEEDBACK = "error-feedback";

  private final ParameterLayout layout;
  private final List<Range> ranges;
  private final WorkerSession session;
  private final Membership membership;
  private final boolean mayGoBack;
  private final int worker;
  private final ScheduledExecutorService ticker;

  /** Of each network, since what is left out of one's gradient goes into its next; or none. */
  private final List<ErrorFeedback> feedback;

  private final List<String> networks;

  /** Gradients of all networks, all zero but for the one that was pushed last. */
  private final float[] gradients;

  private final List<List<ShardLink>> links;
  private final AtomicReferenceArray<@Nullable ShardStatus> statuses;
  private final AtomicLong lastAsked;
  private final ShardNews news;

  /** Who was turned away has no news to ask for. */
  private volatile boolean joined;

  private final float[] sums = new float[1024];
  private boolean valuesAreNew;

  /** The learner's statistics, until they are replaced by those of all. */
  private @Nullable RunningStatistics total;

  private ServerParameterStore(
      ParameterLayout layout,
      List<List<ShardLink>> links,
      WorkerSession session,
      Membership membership,
      Patience patience,
      int number,
      List<ErrorFeedback> feedback,
      ShardNews news) {
    this.news = news;
    this.layout = layout;
    networks = layout.networks();
    gradients = new float[networks.size() == 1 ? 0 : layout.size()];
    this.feedback = feedback;
    this.links = links;
    this.session = session;
    this.membership = membership;
    mayGoBack = membership.claim() == null || membership.takesOver();
    ranges = ShardRanges.cut(layout, links.size()).ranges();
    statuses = new AtomicReferenceArray<>(links.size());
    lastAsked = new AtomicLong(System.nanoTime() - MEASURE_NANOS);
    ticker =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "mobula-parameter-worker");
              thread.setDaemon(true);
              return thread;
            });
    long period = Math.max(1, patience.probe().toNanos() / 4);
    ticker.scheduleAtFixedRate(this::tick, period, period, TimeUnit.NANOSECONDS);
    try {
      worker = await(session.join(number));
      joined = true;
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Joins the shards as a worker.
   *
   * @param shards the links to each shard in the order of their ranges: the primary's first, then
   *     its replica's if there is one; closed with the store
   * @param number of the worker, which orders the gradients of a round; -1 for the lowest free one
   * @param sessionId chosen at random: tells this process from another one under the same number
   * @throws RefusedException if the shards are of another network or cut in another way
   * @throws ShardLostException if a shard cannot be reached
   */
  public static ServerParameterStore join(
      ParameterLayout layout,
      List<List<ShardLink>> shards,
      int number,
      long sessionId,
      Patience patience) {
    return join(
        layout,
        shards,
        number,
        sessionId,
        patience,
        CodecConfig.of(CodecKind.FP32),
        ShardNews::log);
  }

  /**
   * Joins the shards as a worker whose gradients travel in a codec. What top-k and int8 leave out
   * of a gradient is added to the next one; a worker that stops takes it along.
   *
   * @param codec that the links encode gradients in
   * @param events hears what happens to the shards and the other workers from now on, soon after;
   *     called by several threads, one at a time, which must not wait
   */
  public static ServerParameterStore join(
      ParameterLayout layout,
      List<List<ShardLink>> shards,
      int number,
      long sessionId,
      Patience patience,
      CodecConfig codec,
      Consumer<ShardEvent> events) {
    Membership membership =
        new Membership(sessionId, LayoutHash.of(layout), Agreement.NONE, null, false, false);
    return join(layout, shards, number, membership, patience, codec, events);
  }

  static ServerParameterStore join(
      ParameterLayout layout,
      List<List<ShardLink>> shards,
      int number,
      Membership membership,
      Patience patience,
      CodecConfig codec,
      Consumer<ShardEvent> events) {
    ShardNews news = new ShardNews(events, System::nanoTime);
    WorkerSession session =
        new WorkerSession(layout, shards, membership, patience, System::nanoTime, news::happened);
    List<ErrorFeedback> feedback = new ArrayList<>();
    for (int i = 0; i < layout.networks().size() && codec.feedsErrorsBack(); i++) {
      feedback.add(new ErrorFeedback(codec, layout.size()));
    }
    return new ServerParameterStore(
        layout, shards, session, membership, patience, number, feedback, news);
  }

  /**
   * From now on this worker gives its place up when it neither asks for anything nor tells of
   * {@linkplain #progressed progress} for too long, so that the others go on without it. It joins
   * again with the next thing that it asks for.
   *
   * @param timeout and ten times the longest pause so far, whichever is longer
   * @param listener hears whether it hangs now, in a sentence: true at first, false when the worker
   *     goes on; in any thread
   */
  public void giveUpWithoutProgress(Duration timeout, BiConsumer<Boolean, String> listener) {
    session.giveUpWithoutProgress(timeout, listener);
  }

  /** Takes no lock: it is called at every step. */
  @Override
  public void progressed() {
    session.progressed();
  }

  /** The workers beside this one as the shards told when they were last asked; none before. */
  synchronized Set<Integer> present() {
    ShardStatus first = statuses.get(0);
    return first == null ? Set.of() : Set.copyOf(first.workers());
  }

  /** The number that orders this worker's gradients among the others'. */
  public int worker() {
    return worker;
  }

  /** The run whose trainer saved a checkpoint's parts; empty if they do not tell it. */
  static String savedRun(Map<String, byte[]> parts) {
    byte[] saved = parts.get(RUN);
    return saved == null ? "" : new String(saved, StandardCharsets.UTF_8);
  }

  /** The highest epoch that a checkpoint's parts hold; 0 if they hold none. */
  static long savedEpoch(Map<String, byte[]> parts) {
    byte[] saved = parts.get(EPOCH);
    return saved == null || saved.length != Long.BYTES ? 0 : ByteBuffer.wrap(saved).getLong();
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public synchronized long pull(String network, float[] destination) {
    int from = from(network, "the destination has", destination);
    long version = valuesAreNew ? session.version() : await(session.pull());
    valuesAreNew = false;
    System.arraycopy(session.values(), from, destination, 0, destination.length);
    return version;
  }

  /**
   * Takes one step, or part in one.
   *
   * @return the norm of the step's gradient before clipping: of the mean over the workers where
   *     they make the step together
   * @throws ArithmeticException if the gradient holds NaN or infinity; no shard hears of it then
   * @throws ShardLostException if a shard and its replica are gone; other shards may have taken the
   *     step
   */
  @Override
  public synchronized double push(String network, float[] gradient, double learningRate) {
    double norm = push(network, gradient, learningRate, session.values());
    valuesAreNew = true;
    return norm;
  }

  /** As {@link #push}, with the parameters after the step straight into the destination. */
  @Override
  public synchronized double pushPull(
      String network, float[] gradient, double learningRate, float[] destination) {
    int from = from(network, "the destination has", destination);
    if (networks.size() == 1) {
      return push(network, gradient, learningRate, destination);
    }
    double norm = push(network, gradient, learningRate);
    System.arraycopy(session.values(), from, destination, 0, destination.length);
    return norm;
  }

  private double push(String network, float[] given, double learningRate, float[] destination) {
    int from = from(network, "the gradient has", given);
    // Each worker looks before it sends: a shard cannot take back what another has done.
    checkFinite(given, from);
    float[] gradient = given;
    if (networks.size() > 1) {
      Arrays.fill(gradients, 0);
      System.arraycopy(given, 0, gradients, from, given.length);
      gradient = gradients;
    }
    int number = networks.indexOf(network);
    for (int i = 0; i < ranges.size() && !feedback.isEmpty(); i++) {
      feedback.get(number).apply(gradient, ranges.get(i).from(), ranges.get(i).size());
    }
    valuesAreNew = false;
    double norm = await(session.push(number, gradient, learningRate, destination));
    RunningStatistics replaced = total;
    RunningStatistics all = session.gathered().observations();
    if (replaced != null && all != null && !session.isToGather()) {
      replaced.restore(all.count(), all.mean(), all.variance());
      total = null;
    }
    return norm;
  }

  @Override
  public synchronized void gather(Gathered part, RunningStatistics replaced) {
    session.gather(part);
    total = part.observations() == null ? null : replaced;
  }

  @Override
  public synchronized long environmentSteps() {
    return session.gathered().environmentSteps();
  }

  @Override
  public synchronized Gathered gathered() {
    if (!valuesAreNew) {
      await(session.pull());
      valuesAreNew = true;
    }
    return session.gathered();
  }

  private void checkFinite(float[] gradient, int from) {
    if (isFinite(gradient)) {
      return;
    }
    int index = 0;
    while (Float.isFinite(gradient[index])) {
      index++;
    }
    ParameterLayout.Entry entry = layout.entryAt(from + index);
    throw new ArithmeticException(
        ("the gradient of %s (shape %s) is %s at number %s, pushed on version %s: lower the learning"
                + " rate, clip the gradient, or look for rewards and observations that are not finite")
            .formatted(
                entry.name(),
                entry.shape(),
                gradient[index],
                from + index - entry.offset(),
                session.version()));
  }

  /**
   * Zero times a number is zero, unless it is NaN or infinite. A whole array of sums side by side,
   * as the compiler makes vector instructions of nothing else.
   */
  private boolean isFinite(float[] values) {
    if (VECTORS && values.length >= Codec.SEGMENT) {
      boolean finite = true;
      // Many calls: a method that is called once a step, for long, is not compiled as a whole.
      for (int from = 0; from < values.length && finite; from += BlockNorm.BLOCK) {
        finite = Sums.areFinite(values, from, Math.min(from + BlockNorm.BLOCK, values.length));
      }
      return finite;
    }
    Arrays.fill(sums, 0);
    int from = 0;
    for (; from + sums.length <= values.length; from += sums.length) {
      addZeros(values, from, sums.length);
    }
    addZeros(values, from, values.length - from);
    float sum = 0;
    for (float each : sums) {
      sum += each;
    }
    return sum == 0;
  }

  private void addZeros(float[] values, int from, int count) {
    for (int i = 0; i < count; i++) {
      sums[i] += values[from + i] * 0;
    }
  }

  /** While a step waits for others, too: why it does may be among the news. */
  private void tick() {
    try {
      session.tick();
      if (joined) {
        askAllAfter(NEWS_NANOS);
      }
    } catch (RuntimeException e) {
      // It would be the last tick otherwise, and the worker would lose its places.
      LOG.error("Shards could not be looked after; they are again in a moment.", e);
    }
  }

  /** Asks all shards how they fare, if they were asked longer ago. */
  private void askAllAfter(long nanos) {
    long now = System.nanoTime();
    long last = lastAsked.get();
    if (now - last >= nanos && lastAsked.compareAndSet(last, now)) {
      for (int i = 0; i < links.size(); i++) {
        int shard = i;
        links.get(i).forEach(link -> ask(link, shard));
      }
    }
  }

  /** As the shards answered when they were last asked, which waits for nobody. */
  @Override
  public synchronized void measure(Map<String, Double> measurements) {
    askAllAfter(MEASURE_NANOS);
    news.counts()
        .forEach(
            (kind, count) ->
                measurements.put(MetricNames.PARAMETERS_EVENTS + kind.label(), (double) count));
    double learners = Double.POSITIVE_INFINITY;
    double late = 0;
    List<ShardStatus> heard = new ArrayList<>();
    for (int i = 0; i < statuses.length(); i++) {
      ShardStatus status = statuses.get(i);
      if (status == null) {
        return;
      }
      learners = Math.min(learners, status.workers().size());
      late = Math.max(late, (double) status.lateGradients());
      heard.add(status);
    }
    measurements.put(MetricNames.PARAMETERS_LEARNERS, learners);
    measurements.put(
        MetricNames.PARAMETERS_REPLICAS_MISSING,
        (double) heard.stream().filter(ShardStatus::replicaMissing).count());
    measurements.put(MetricNames.PARAMETERS_LATE_GRADIENTS, late);
    measurements.put(MetricNames.PARAMETERS_STALENESS_MEAN, ShardStatus.meanStaleness(heard));
  }

  private void ask(ShardLink link, int shard) {
    var unused =
        link.status()
            .whenComplete(
                (status, error) -> {
                  if (status == null) {
                    return;
                  }
                  news.heard(link, status);
                  if (status.role().isPrimary()) {
                    statuses.set(shard, status);
                  }
                });
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of one version on all shards. Only where they stay apart, since a learner died between the
   * parts of its last push and nobody pushes any more, is each slice of its shard's version, and
   * the log says so.
   */
  @Override
  public synchronized StoreState save() {
    List<ShardState> slices = await(session.snapshot(List.of(), 0));
    // Each shard passes every version. One that is behind is on its way to the newest; if it has
    // passed that one before it was asked, all meet at a version further ahead at each attempt.
    for (int i = 0; i < SAVE_ATTEMPTS && versions(slices).distinct().count() > 1; i++) {
      long newest = versions(slices).max().orElseThrow();
      slices = await(session.snapshot(slices, i == 0 ? newest : newest + (1L << i)));
    }
    if (versions(slices).distinct().count() > 1) {
      LOG.warn(
          "The shards' versions stay apart, so the saved state holds slices of the versions {}.",
          versions(slices).boxed().toList());
    }
    float[] values = new float[layout.size()];
    Map<String, float[]> moments = new LinkedHashMap<>();
    long steps = Long.MAX_VALUE;
    for (ShardState state : slices) {
      StoreState slice = state.slice();
      float[] part = slice.parameters().values();
      System.arraycopy(part, 0, values, state.from(), part.length);
      slice
          .moments()
          .forEach(
              (name, moment) ->
                  System.arraycopy(
                      moment,
                      0,
                      moments.computeIfAbsent(name, key -> new float[values.length]),
                      state.from(),
                      moment.length));
      steps = Math.min(steps, slice.optimizerSteps());
    }
    long version = versions(slices).min().orElseThrow();
    return new StoreState(
        new ParameterSnapshot(version, values), steps, moments, slices.get(0).slice().gathered());
  }

  private static LongStream versions(List<ShardState> slices) {
    return slices.stream().mapToLong(state -> state.slice().parameters().version());
  }

  /**
   * Goes on from a saved state, on all shards. The other workers notice, and their next push is one
   * on the restored parameters.
   *
   * @throws RefusedException if this is the trainer of a run that would lose versions and has not
   *     been told to take over
   */
  @Override
  public synchronized void restore(StoreState state) {
    checkLength("the saved state has", state.parameters().values());
    state.moments().forEach((name, moment) -> checkLength("the saved " + name + " has", moment));
    long version = state.parameters().version();
    if (!mayGoBack && session.knownVersion() > version) {
      throw new RefusedException(
          Refusal.WRONG_HISTORY,
          -1,
          "the shards are at version %s but the saved state at %s: to go back loses %s versions, and has to be asked for"
              .formatted(session.knownVersion(), version, session.knownVersion() - version));
    }
    List<ShardState> slices = new ArrayList<>();
    for (Range range : ranges) {
      slices.add(new ShardState(0, range.from(), StateSlices.cut(state, range.from(), range.to())));
    }
    valuesAreNew = false;
    await(session.restore(slices));
    if (lostVersions() > 0) {
      LOG.warn(
          "Restored version {}; the {} versions after it that the shards had are gone.",
          state.parameters().version(),
          lostVersions());
    }
  }

  /**
   * How many versions the shards' last restoration went back from the last one that this worker
   * knew, whether it was asked for by {@link #restore} or a lost shard was started anew from a
   * checkpoint.
   */
  public synchronized long lostVersions() {
    return session.lostVersions();
  }

  /** Pushes of this worker that came after their round had closed, and were dropped. */
  public synchronized long lateGradients() {
    return session.lateGradients();
  }

  /**
   * What the codec has left out of this worker's gradients so far; of a run's own trainer moreover
   * its run, and the highest epoch of the shards.
   */
  @Override
  public synchronized Map<String, byte[]> saveParts() {
    Map<String, byte[]> parts = new HashMap<>();
    for (int i = 0; i < feedback.size(); i++) {
      float[] lost = feedback.get(i).residual();
      ByteBuffer bytes = ByteBuffer.allocate(lost.length * Float.BYTES);
      bytes.asFloatBuffer().put(lost);
      parts.put(feedbackPart(i), bytes.array());
    }
    Claim claim = membership.claim();
    if (claim != null) {
      parts.put(RUN, claim.run().getBytes(StandardCharsets.UTF_8));
      parts.put(EPOCH, ByteBuffer.allocate(Long.BYTES).putLong(session.epoch()).array());
    }
    return parts;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if they are of another network
   */
  @Override
  public synchronized void restoreParts(Map<String, byte[]> parts) {
    for (int i = 0; i < feedback.size(); i++) {
      byte[] bytes = parts.get(feedbackPart(i));
      if (bytes != null) {
        float[] lost = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).asFloatBuffer().get(lost);
        feedback.get(i).restore(lost);
      }
    }
  }

  private String feedbackPart(int network) {
    return network == 0 ? FEEDBACK : FEEDBACK + "-" + networks.get(network);
  }

  /** Of the parameters that this worker has. */
  synchronized long version() {
    return session.version();
  }

  /** Changes what pushes wait for, for all workers. */
  public synchronized void setConsistency(Consistency consistency) {
    await(session.setConsistency(consistency));
  }

  private void checkLength(String whatHas, float[] vector) {
    if (vector.length != layout.size()) {
      throw new IllegalArgumentException(
          "%s %s numbers but the layout has %s".formatted(whatHas, vector.length, layout.size()));
    }
  }

  /** The network's first place, where the vector is as long as the network. */
  private int from(String network, String whatHas, float[] vector) {
    int from = layout.from(network);
    int size = layout.to(network) - from;
    if (vector.length != size) {
      throw new IllegalArgumentException(
          "%s %s numbers but the layout has %s".formatted(whatHas, vector.length, size));
    }
    return from;
  }

  private <T> T await(CompletableFuture<T> answer) {
    try {
      return answer.get();
    } catch (InterruptedException e) {
      // The shards must not read the caller's array any more.
      session.leave();
      Thread.currentThread().interrupt();
      throw new WaitInterruptedException("interrupted while waiting for the parameter server");
    } catch (ExecutionException e) {
      throw asUnchecked(e.getCause() == null ? e : e.getCause());
    }
  }

  private static RuntimeException asUnchecked(Throwable cause) {
    if (cause instanceof RefusedException refused) {
      return switch (refused.refusal()) {
        case WRONG_STATE, WRONG_LENGTH, OUT_OF_RANGE ->
            new IllegalArgumentException(refused.getMessage(), refused);
        case NOT_FINITE -> {
          ArithmeticException error = new ArithmeticException(refused.getMessage());
          error.initCause(refused);
          yield error;
        }
        default -> refused;
      };
    }
    return cause instanceof RuntimeException unchecked
        ? unchecked
        : new IllegalStateException(cause);
  }

  /**
   * Leaves the shards, which go on. Whoever waits in another method, or calls one later, gets an
   * {@link IllegalStateException}.
   */
  @Override
  public void close() {
    ticker.shutdownNow();
    if (joined) {
      askAllAfter(0); // what has happened since: shards of this JVM answer at once
    }
    try {
      session.close().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the shards hear of it by the connection's end
    } catch (ExecutionException e) {
      LOG.debug("The shards could not be left", e);
    }
  }
}
