package org.mobula.rollout;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.collection.CollectionStoppedException;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.runtime.ActorCall;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskCancelledException;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.OptionState;
import org.mobula.core.training.config.WorkersConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects experience in parallel, by actors with an equal share of the environments each. The same
 * seed and counts give the same bits, whatever the timing: the shares are put together in the
 * workers' order.
 *
 * <pre>{@code
 * Trainer.builder(config).experience(RolloutWorkers.on(runtime)).build().train();
 * }</pre>
 *
 * <p>With {@code workers.asynchronous} the next rollout is collected while the learner learns from
 * the present one, by the policy from before that update (Huang et al. 2023, "Cleanba"): one
 * iteration of lag, no more and no less, from the second rollout on.
 *
 * <p>With {@code workers.max-policy-lag} above 1 a rollout is made of the shares that are there
 * first, whoever collected them, so that nobody waits for a slow worker until its share is about to
 * become older than that (bounded staleness, Ho et al. 2013). A share whose time has come is waited
 * for; of the others those by the oldest policies go first. No more than {@code count ×
 * max-policy-lag} shares are begun and not learnt from, therefore each finds a place in time.
 *
 * <p>A worker that throws or dies, or whose environment has not returned from a step for {@code
 * workers.step-timeout}, is replaced up to {@code workers.max-restarts} times in a run. The new one
 * starts new episodes with seeds that depend on the run's seed, the worker and the number of its
 * restarts alone, and collects the whole share again. A NaN or infinity is no accident of one
 * worker and is thrown at once.
 */
public final class RolloutWorkers implements ExperienceSource {
  private static final Logger LOG = LoggerFactory.getLogger(RolloutWorkers.class);

  /** How often it is asked whether a collection is to end. */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** Before the second restart of a worker that has collected nothing since the first. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /**
   * Before a count in a state, which is never negative: what follows holds observations, at first
   * without masks of final ones.
   */
  private static final int OBSERVATIONS = -1;

  private static final int FINAL_MASKS = -2;

  private static final Comparator<Share> OLDEST_FIRST =
      Comparator.<Share>comparingLong(share -> share.iteration)
          .thenComparingInt(share -> share.worker)
          .thenComparingLong(share -> share.number);

  private final TaskRuntime runtime;
  private final ExperienceSetup setup;
  private final Consumer<WorkerFailure> listener;
  private final LongConsumer sleep; // nanoseconds
  private final WorkersConfig config;

  /** How many iterations old a policy may be: 0 where the learner and the workers take turns. */
  private final int maxLag;

  private final int share;
  private final List<ActorRef<RolloutWorker>> workers = new ArrayList<>();
  private final List<List<WorkerFailure>> failures = new ArrayList<>();
  private final int[] restarts;
  private final int[] failuresInARow;
  private final double[] seconds;

  /** What each worker is at. */
  private final @Nullable Share[] atWork;

  /** What nobody has learnt from. */
  private final List<Share> ready = new ArrayList<>();

  private final ArrayDeque<Experience> spare = new ArrayDeque<>();

  /** What the caller has. */
  private @Nullable Experience whole;

  /** Rollouts handed out so far, and shares begun. */
  private long iterations;

  private long shares;
  private BooleanSupplier stopped = () -> false;

  /** Of the collections that begin from now on. */
  private Map<String, Object> resetOptions;

  private boolean closed;

  private RolloutWorkers(
      TaskRuntime runtime,
      ExperienceSetup setup,
      Consumer<WorkerFailure> listener,
      LongConsumer sleep) {
    this.runtime = runtime;
    this.setup = setup;
    this.listener = listener;
    this.sleep = sleep;
    this.config = setup.config().workers();
    this.maxLag = config.asynchronous() ? config.maxPolicyLag() : 0;
    this.share = setup.config().environment().count() / config.count();
    requireCpus(runtime.totalResources().amount(Resources.CPU), config);
    this.resetOptions = setup.resetOptions();
    this.restarts = new int[config.count()];
    this.failuresInARow = new int[config.count()];
    this.seconds = new double[config.count()];
    this.atWork = new Share[config.count()];
    for (int i = 0; i < config.count(); i++) {
      workers.add(start(i, resetOptions));
      failures.add(new ArrayList<>());
    }
  }

  private static void requireCpus(double total, WorkersConfig config) {
    if (config.cpus() > total) {
      throw new IllegalArgumentException(
          ("workers.cpus is %s but the runtime has %s CPUs in all; a worker must take less, such as"
                  + " 0.1 where its environments wait, or runtime.cpus be more")
              .formatted(config.cpus(), total));
    }
    if (config.count() * config.cpus() > total) {
      LOG.info(
          "workers.count is {} and workers.cpus {}, but the runtime has {} CPUs: {} workers collect"
              + " at a time, and the others after them; if they wait more than they compute, lower"
              + " workers.cpus",
          config.count(),
          config.cpus(),
          total,
          (int) (total / config.cpus()));
    }
  }

  /**
   * The plug for a trainer's experience. The number of workers is {@code workers.count} of the
   * trainer's configuration; with 0 the trainer collects itself.
   *
   * @param runtime stays open at least as long as the training goes on
   */
  public static Function<ExperienceSetup, ExperienceSource> on(TaskRuntime runtime) {
    return on(runtime, failure -> {});
  }

  /**
   * As {@link #on(TaskRuntime)}.
   *
   * @param listener is told of every failure, in the thread that trains, before the worker is
   *     started again
   */
  public static Function<ExperienceSetup, ExperienceSource> on(
      TaskRuntime runtime, Consumer<WorkerFailure> listener) {
    return on(runtime, listener, nanos -> LockSupport.parkNanos(RolloutWorkers.class, nanos));
  }

  /** As {@link #on(TaskRuntime, Consumer)}, with another way to spend so many nanoseconds. */
  static Function<ExperienceSetup, ExperienceSource> on(
      TaskRuntime runtime, Consumer<WorkerFailure> listener, LongConsumer sleep) {
    return setup ->
        setup.config().workers().count() == 0
            ? setup.inProcess()
            : new RolloutWorkers(runtime, setup, listener, sleep);
  }

  @Override
  public int environments() {
    return share * config.count();
  }

  @Override
  public void stopWhen(BooleanSupplier isStopped) {
    this.stopped = isStopped;
  }

  @Override
  public void resetOptions(Map<String, Object> options) {
    resetOptions = Map.copyOf(options);
  }

  @Override
  public Experience collect(PolicySnapshot policy, long environmentSteps) {
    // Workers may still use the parameters when this has returned.
    PolicySnapshot kept =
        maxLag > 0 ? new PolicySnapshot(policy.parameters().copy(), policy.normalizer()) : policy;
    Share.Order present = new Share.Order(kept, runtime.put(kept), environmentSteps, resetOptions);
    continueInterrupted();
    if (outstanding() < config.count()) {
      beginWhereIdle(present);
    }
    awaitEnough(present);
    Experience experience = assemble();
    if (maxLag > 0) {
      beginWhereIdle(present);
    }
    iterations++;
    return experience;
  }

  /** Lets workers that were interrupted go on. */
  private void continueInterrupted() {
    for (Share share : atWork) {
      if (share != null && share.answer == null) {
        share.answer = ask(share);
      }
    }
  }

  /** Shares that are begun and not learnt from. */
  private int outstanding() {
    int count = ready.size();
    for (Share share : atWork) {
      count += share == null ? 0 : 1;
    }
    return count;
  }

  private void beginWhereIdle(Share.Order order) {
    int most = config.count() * Math.max(1, maxLag);
    for (int i = 0; i < atWork.length && outstanding() < most; i++) {
      if (atWork[i] == null && !hasDoneItsPart(i)) {
        keepReadyOf(i);
        shares++;
        Share begun = new Share(i, shares, iterations, order);
        begun.answer = ask(begun);
        atWork[i] = begun;
      }
    }
  }

  /** Where every worker has one share in each rollout, as it always has up to a lag of one. */
  private boolean hasDoneItsPart(int worker) {
    return maxLag <= 1 && ready.stream().anyMatch(done -> done.worker == worker);
  }

  /** Copies what a worker would write over. */
  private void keepReadyOf(int worker) {
    for (Share done : ready) {
      if (done.worker == worker && !done.kept) {
        Experience part = Objects.requireNonNull(done.experience);
        Experience copy = spare.isEmpty() ? emptyLike(part, part.environments) : spare.remove();
        copy.clear();
        copy.place(part, 0);
        copy.observationStatistics = merged(null, part.observationStatistics);
        copy.parameterVersion = part.parameterVersion;
        done.experience = copy;
        done.kept = true;
      }
    }
  }

  private ActorCall<RolloutWorker, RolloutWorker.Part> collecting(Share share) {
    TaskRuntime captured = runtime; // alone: this object does not travel
    ObjectRef<PolicySnapshot> policy = share.order().shipped();
    Map<String, Object> options = share.order().resetOptions();
    long number = share.number;
    long environmentSteps = share.order().environmentSteps();
    return worker -> worker.collect(captured.get(policy), number, environmentSteps, options);
  }

  private ObjectRef<RolloutWorker.Part> ask(Share share) {
    return ask(share.worker, "collect", collecting(share));
  }

  // Waiting.

  /** Waits for a rollout's worth of shares, those among them whose time has come. */
  private void awaitEnough(Share.Order present) {
    while (ready.size() < config.count() || isAnyDue()) {
      List<Share> waitedFor = waitedFor();
      try {
        runtime.wait(waitedFor.stream().map(RolloutWorkers::answer).toList(), 1, LOOK);
      } catch (WaitInterruptedException e) {
        endIfAsked();
        throw e;
      }
      boolean any = false;
      for (Share share : waitedFor) {
        any |= answer(share).isDone() && take(share);
      }
      if (!any) {
        endIfAsked();
      }
      if (maxLag > 1) {
        beginWhereIdle(present);
      }
    }
  }

  private boolean isAnyDue() {
    for (Share share : atWork) {
      if (share != null && share.iteration + maxLag <= iterations) {
        return true;
      }
    }
    return false;
  }

  /** All, or where all are needed one after the other, so that failures are met in order. */
  private List<Share> waitedFor() {
    List<Share> all = new ArrayList<>();
    for (Share share : atWork) {
      if (share != null && (maxLag > 1 || all.isEmpty())) {
        all.add(share);
      }
    }
    return all;
  }

  private static ObjectRef<RolloutWorker.Part> answer(Share share) {
    return Objects.requireNonNull(share.answer);
  }

  /** Takes an answer that is there; false if it is a failure, and the worker is at it again. */
  private boolean take(Share done) {
    try {
      RolloutWorker.Part part = runtime.get(answer(done));
      done.experience = part.experience();
      seconds[done.worker] = part.seconds();
    } catch (TaskCancelledException e) {
      throw e;
    } catch (TaskException e) {
      replace(done.worker, e, done.order().resetOptions());
      done.answer = ask(done);
      return false;
    }
    failuresInARow[done.worker] = 0;
    atWork[done.worker] = null;
    ready.add(done);
    return true;
  }

  private void endIfAsked() {
    if (stopped.getAsBoolean()) {
      interruptWorkers();
      throw new CollectionStoppedException();
    }
  }

  /** What is under way ends between two steps; a state holds it as it is then. */
  private void interruptWorkers() {
    for (Share share : atWork) {
      if (share != null && share.answer != null) {
        runtime.cancel(share.answer);
        share.answer = null;
      }
    }
  }

  /** Puts the oldest shares together, in the workers' order. */
  private Experience assemble() {
    ready.sort(OLDEST_FIRST);
    List<Share> first = ready.subList(0, config.count());
    Experience sum = whole;
    for (int i = 0; i < config.count(); i++) {
      Experience part = Objects.requireNonNull(first.get(i).experience);
      if (sum == null) {
        sum = emptyLike(part, environments());
        whole = sum;
      }
      if (i == 0) {
        sum.clear();
        sum.parameterVersion = part.parameterVersion; // the oldest
      }
      sum.place(part, i * share);
      sum.observationStatistics = merged(sum.observationStatistics, part.observationStatistics);
      if (first.get(i).kept) {
        spare.add(part);
      }
    }
    first.clear();
    return Objects.requireNonNull(sum);
  }

  private static Experience emptyLike(Experience part, int environments) {
    return new Experience(part.shape, part.steps, environments);
  }

  private static @Nullable RunningStatistics merged(
      @Nullable RunningStatistics sum, @Nullable RunningStatistics part) {
    if (sum == null || part == null) {
      return part == null ? sum : part.copy();
    }
    sum.merge(part);
    return sum;
  }

  // Workers and what becomes of them.

  /**
   * A worker in another's place collects what that one was at, maybe from before the present.
   *
   * <p>Not by the runtime's own restarts: those follow a death, with the same factory, and here a
   * collection that throws is enough, the new worker has other seeds, how many there were is part
   * of the checkpoint, and what was being collected is asked for again.
   */
  private ActorRef<RolloutWorker> start(int index, Map<String, Object> options) {
    ExperienceSetup captured = setup.withResetOptions(options);
    int count = config.count();
    int restart = restarts[index];
    Resources cpus = Resources.cpu(config.cpus());
    return runtime.actor(
        ActorOptions.defaults().withCallResources(cpus),
        () -> new RolloutWorker(captured, index, count, restart));
  }

  private <R> List<ObjectRef<R>> ask(String what, ActorCall<RolloutWorker, R> call) {
    return IntStream.range(0, workers.size()).mapToObj(i -> ask(i, what, call)).toList();
  }

  private <R> ObjectRef<R> ask(int index, String what, ActorCall<RolloutWorker, R> call) {
    return workers.get(index).call(TaskOptions.named(what + " of rollout worker " + index), call);
  }

  private void replace(int index, TaskException error, Map<String, Object> options) {
    Throwable cause = error.getCause() == null ? error : error.getCause();
    if (cause instanceof NonFiniteException diverged) {
      throw diverged;
    }
    WorkerFailure failure =
        new WorkerFailure(index, restarts[index] + 1, config.maxRestarts(), cause);
    if (cause.getCause() instanceof NonFiniteException) {
      throw new WorkerFailedException(failure);
    }
    failures.get(index).add(failure);
    listener.accept(failure);
    if (!failure.isRestarted()) {
      throw new WorkerFailedException(failures.get(index));
    }
    LOG.warn(
        "{}; it is started again with new seeds ({} of {} restarts)",
        failure.message(),
        failure.failures(),
        failure.maxRestarts());
    runtime.kill(workers.get(index), false);
    failuresInARow[index]++;
    pauseBeforeRestart(failuresInARow[index]);
    restarts[index]++;
    workers.set(index, start(index, options));
  }

  /** None where it may have been an accident; else its environments would be busy failing. */
  private void pauseBeforeRestart(int failuresInARow) {
    if (failuresInARow < 2) {
      return;
    }
    long doubled = FIRST_PAUSE.toNanos() << Math.min(failuresInARow - 2, 30);
    long left = Math.min(LONGEST_PAUSE.toNanos(), doubled);
    while (left > 0 && !stopped.getAsBoolean()) {
      long slept = Math.min(left, LOOK.toNanos());
      sleep.accept(slept);
      left -= slept;
    }
  }

  /** The workers' actors, in their order. */
  List<ActorRef<RolloutWorker>> actors() {
    return List.copyOf(workers);
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    measurements.put(MetricNames.ROLLOUT_WORKER_RESTARTS, (double) IntStream.of(restarts).sum());
    for (int i = 0; i < seconds.length; i++) {
      measurements.put(MetricNames.TIME_COLLECT_SECONDS + "/worker_" + i, seconds[i]);
    }
  }

  // State.

  /**
   * {@inheritDoc}
   *
   * <p>What is collected ahead is waited for and written too; in a run that is to end it is
   * interrupted between two steps, and written as far as it is.
   */
  @Override
  public void writeState(DataOutput out) throws IOException {
    awaitAllUnlessStopped();
    out.writeInt(workers.size());
    List<ObjectRef<byte[]>> states =
        IntStream.range(0, workers.size()).mapToObj(this::save).toList();
    for (int i = 0; i < workers.size(); i++) {
      byte[] state = saved(i, states.get(i));
      out.writeInt(restarts[i]);
      out.writeInt(state.length);
      out.write(state);
    }
    out.writeLong(iterations);
    ready.sort(OLDEST_FIRST);
    out.writeInt(FINAL_MASKS);
    out.writeInt(ready.size());
    for (Share done : ready) {
      out.writeInt(done.worker);
      out.writeLong(done.iteration);
      SavedExperience.write(Objects.requireNonNull(done.experience), out);
    }
    // In step with the learner it is the policy that the next collection is asked for by.
    List<Share> unfinished = maxLag == 0 ? List.of() : allAtWork();
    out.writeInt(unfinished.size());
    for (int i = 0; i < unfinished.size(); i++) {
      Share share = unfinished.get(i);
      out.writeInt(share.worker);
      out.writeLong(share.iteration);
      boolean another = i == 0 || share.iteration != unfinished.get(i - 1).iteration;
      out.writeBoolean(another);
      if (another) {
        SavedPolicy.write(share.order().policy(), out);
        out.writeLong(share.order().environmentSteps());
        OptionState.write(share.order().resetOptions(), out);
      }
    }
  }

  private List<Share> allAtWork() {
    List<Share> all = new ArrayList<>();
    for (Share share : atWork) {
      if (share != null) {
        all.add(share);
      }
    }
    all.sort(OLDEST_FIRST);
    return all;
  }

  private void awaitAllUnlessStopped() {
    List<Share> left = allAtWork();
    left.removeIf(share -> share.answer == null); // interrupted
    while (!left.isEmpty()) {
      if (stopped.getAsBoolean()) {
        left.removeIf(share -> answer(share).isDone() && take(share));
        interruptWorkers();
        return;
      }
      runtime.wait(left.stream().map(RolloutWorkers::answer).toList(), 1, LOOK);
      left.removeIf(share -> answer(share).isDone() && take(share));
    }
  }

  private ObjectRef<byte[]> save(int index) {
    Share unfinished = atWork[index];
    long unused = unfinished == null ? 0 : unfinished.number;
    return ask(index, "save", worker -> worker.state(unused));
  }

  /** A worker's state; if it fails, that of the worker in its place. */
  private byte[] saved(int index, ObjectRef<byte[]> first) {
    ObjectRef<byte[]> answer = first;
    while (true) {
      try {
        return runtime.get(answer);
      } catch (TaskCancelledException e) {
        throw e;
      } catch (TaskException e) {
        Share unfinished = atWork[index];
        replace(index, e, unfinished == null ? resetOptions : unfinished.order().resetOptions());
        answer = save(index);
      }
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Each worker is another one then, as after a restart.
   */
  @Override
  public void writeNewEpisodes(DataOutput out) throws IOException {
    out.writeInt(workers.size());
    for (int restart : restarts) {
      out.writeInt(restart + 1);
      out.writeInt(0);
    }
    out.writeLong(0);
    out.writeInt(0);
    out.writeInt(0);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    int count = in.readInt();
    if (count != workers.size()) {
      throw new IOException(
          "the state is of "
              + count
              + " rollout workers but there are "
              + workers.size()
              + "; resume with workers.count "
              + count);
    }
    for (int i = 0; i < count; i++) {
      restarts[i] = in.readInt();
      byte[] state = new byte[in.readInt()];
      in.readFully(state);
      if (state.length > 0) {
        restore(i, state);
      } else {
        runtime.kill(workers.get(i), false);
        workers.set(i, start(i, resetOptions));
      }
    }
    readShares(in);
  }

  private void readShares(DataInput in) throws IOException {
    iterations = in.readLong();
    ready.clear();
    int form = in.readInt();
    int done = form < 0 ? in.readInt() : form;
    for (int i = 0; i < done; i++) {
      requireObservations(form);
      shares++;
      Share share = new Share(in.readInt(), shares, in.readLong(), null);
      share.experience = SavedExperience.read(in, form == FINAL_MASKS);
      share.kept = true;
      ready.add(share);
    }
    Arrays.fill(atWork, null);
    int unfinished = in.readInt();
    Share.Order order = null;
    for (int i = 0; i < unfinished; i++) {
      requireObservations(form);
      int worker = in.readInt();
      long iteration = in.readLong();
      if (in.readBoolean() || order == null) {
        PolicySnapshot policy = SavedPolicy.read(in);
        order = new Share.Order(policy, runtime.put(policy), in.readLong(), OptionState.read(in));
      }
      shares++;
      // Collected on when the next rollout is asked for.
      atWork[worker] = new Share(worker, shares, iteration, order);
    }
  }

  private static void requireObservations(int form) throws IOException {
    if (form != OBSERVATIONS && form != FINAL_MASKS) {
      throw new IOException(
          "the checkpoint holds rollouts of a version that kept features in place of observations;"
              + " resume it by that version, or without what was collected ahead: a checkpoint of a"
              + " run with workers.asynchronous: false");
    }
  }

  private void restore(int index, byte[] state) throws IOException {
    ObjectRef<Boolean> restored =
        ask(
            index,
            "restore",
            worker -> {
              worker.restore(state);
              return true;
            });
    try {
      runtime.get(restored);
    } catch (TaskException e) {
      throw new IOException("the state of rollout worker " + index + " does not fit it", e);
    }
  }

  /** Ends what is being collected and returns when all environments are closed. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      interruptWorkers();
      // A worker's calls run one at a time: its environments are closed after the last step.
      for (ObjectRef<Boolean> end : ask("close", closing())) {
        try {
          runtime.get(end);
        } catch (TaskException | WaitInterruptedException e) {
          LOG.debug("'{}' failed; the runtime closes what is left", end.name(), e);
        }
      }
      workers.forEach(worker -> runtime.kill(worker, false));
    } catch (IllegalStateException e) {
      LOG.debug("the runtime was closed first, and its actors with it", e);
    }
  }

  private static ActorCall<RolloutWorker, Boolean> closing() {
    return worker -> {
      worker.close();
      return true;
    };
  }
}
