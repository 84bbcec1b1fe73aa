package org.mobula.rollout;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.collection.CollectionStoppedException;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.Rollout;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.runtime.ActorCall;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.GetTimeoutException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskCancelledException;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.WaitInterruptedException;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.WorkersConfig;
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

  private final TaskRuntime runtime;
  private final ExperienceSetup setup;
  private final Consumer<WorkerFailure> listener;
  private final WorkersConfig config;
  private final int share;
  private final List<ActorRef<RolloutWorker>> workers = new ArrayList<>();
  private final List<List<WorkerFailure>> failures = new ArrayList<>();
  private final int[] restarts;
  private final double[] seconds;

  /** The rollout that the caller has and, where it is collected ahead, the one after it. */
  private final @Nullable Rollout[] buffers = new Rollout[2];

  private int buffer;
  private @Nullable Collection running;
  private @Nullable Rollout ahead;
  private long collections;
  private BooleanSupplier stopped = () -> false;

  /** The collection that was ended before its time; the next source continues it. */
  private @Nullable Collection ended;

  /** Of the collections that begin from now on. */
  private Map<String, Object> resetOptions;

  private boolean closed;

  private RolloutWorkers(
      TaskRuntime runtime, ExperienceSetup setup, Consumer<WorkerFailure> listener) {
    this.runtime = runtime;
    this.setup = setup;
    this.listener = listener;
    this.config = setup.config().workers();
    this.share = setup.config().environment().count() / config.count();
    requireCpus(runtime.totalResources().amount(Resources.CPU), config);
    this.resetOptions = setup.resetOptions();
    this.restarts = new int[config.count()];
    this.seconds = new double[config.count()];
    for (int i = 0; i < config.count(); i++) {
      workers.add(start(i));
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
    return setup ->
        setup.config().workers().count() == 0
            ? setup.inProcess()
            : new RolloutWorkers(runtime, setup, listener);
  }

  /** A collection that workers are at. */
  private record Collection(
      long number,
      ObjectRef<PolicySnapshot> policy,
      Map<String, Object> resetOptions,
      List<ObjectRef<RolloutWorker.Part>> parts) {}

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

  /**
   * {@inheritDoc}
   *
   * <p>Whoever collects ahead is not ended but waited for when the state is written: the next
   * rollout belongs to the policy from before the present update.
   */
  @Override
  public Rollout collect(PolicySnapshot policy) {
    // The caller may change the parameters as soon as this returns, while workers still use them.
    PolicySnapshot kept = config.asynchronous() ? copy(policy) : policy;
    if (running == null && ahead == null) {
      running = begin(kept);
    }
    Rollout rollout = finishRunning();
    ahead = null;
    if (config.asynchronous()) {
      running = begin(kept);
    }
    return rollout;
  }

  private static PolicySnapshot copy(PolicySnapshot policy) {
    ParameterSnapshot parameters = policy.parameters();
    return new PolicySnapshot(
        new ParameterSnapshot(parameters.version(), parameters.values().clone()),
        policy.normalizer());
  }

  /** Lets all workers collect with this policy, which travels as one object. */
  private Collection begin(PolicySnapshot policy) {
    ObjectRef<PolicySnapshot> shipped = runtime.put(policy);
    collections++;
    return new Collection(
        collections,
        shipped,
        resetOptions,
        ask("collect", collecting(shipped, collections, resetOptions)));
  }

  private ActorCall<RolloutWorker, RolloutWorker.Part> collecting(
      ObjectRef<PolicySnapshot> ref, long number, Map<String, Object> options) {
    TaskRuntime captured = runtime; // alone: this object does not travel
    return worker -> worker.collect(captured.get(ref), number, options);
  }

  /** Waits until nothing is collected any more; the rollout that comes next. */
  private Rollout finishRunning() {
    Collection collection = running;
    if (collection != null) {
      ahead = finish(collection);
      running = null;
    }
    return Objects.requireNonNull(ahead);
  }

  /** Waits for the parts and puts them together in the workers' order. */
  private Rollout finish(Collection collection) {
    if (config.asynchronous()) {
      buffer = 1 - buffer;
    }
    Rollout whole = buffers[buffer];
    for (int i = 0; i < workers.size(); i++) {
      RolloutWorker.Part part =
          await(
              i,
              "collect",
              collection.parts.get(i),
              collecting(collection.policy, collection.number, collection.resetOptions));
      Rollout rollout = part.rollout();
      if (whole == null) {
        whole = emptyWhole(rollout);
        buffers[buffer] = whole;
      }
      if (i == 0) {
        whole.episodes.clear();
        whole.observationStatistics = null;
        whole.parameterVersion = rollout.parameterVersion;
      }
      whole.place(rollout, i * share);
      whole.episodes.addAll(rollout.episodes);
      whole.observationStatistics =
          merged(whole.observationStatistics, rollout.observationStatistics);
      seconds[i] = part.seconds();
    }
    return Objects.requireNonNull(whole);
  }

  private Rollout emptyWhole(Rollout part) {
    return new Rollout(
        part.steps, environments(), part.featureCount(), part.actionSize(), part.maskSize());
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

  private ActorRef<RolloutWorker> start(int index) {
    // A worker in another's place collects what that one was at, maybe from before the present.
    Collection collection = running;
    ExperienceSetup captured =
        setup.withResetOptions(collection == null ? resetOptions : collection.resetOptions);
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

  /** A worker's answer; if it fails, that of the worker in its place. */
  private <R> R await(
      int index, String what, ObjectRef<R> first, ActorCall<RolloutWorker, R> call) {
    ObjectRef<R> answer = first;
    while (true) {
      try {
        return patiently(answer);
      } catch (TaskCancelledException e) {
        throw e;
      } catch (TaskException e) {
        replace(index, e.getCause() == null ? e : e.getCause());
        answer = ask(index, what, call);
      }
    }
  }

  /** Waits, but not for a collection that is to end. */
  private <R> R patiently(ObjectRef<R> answer) {
    Collection collection = running;
    while (collection != null && ended == null) {
      try {
        return runtime.get(answer, LOOK);
      } catch (GetTimeoutException e) {
        endIfAsked(collection);
      } catch (WaitInterruptedException e) {
        endIfAsked(collection);
        throw e;
      }
    }
    return runtime.get(answer);
  }

  private void endIfAsked(Collection collection) {
    if (stopped.getAsBoolean()) {
      ended = collection;
      if (!config.asynchronous()) {
        collection.parts.forEach(runtime::cancel);
        running = null;
      }
      throw new CollectionStoppedException();
    }
  }

  private void replace(int index, Throwable cause) {
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
    restarts[index]++;
    workers.set(index, start(index));
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
   * <p>What is collected ahead is waited for and written too.
   */
  @Override
  public void writeState(DataOutput out) throws IOException {
    if (running != null) {
      finishRunning();
    }
    long unused = ended == null || config.asynchronous() ? 0 : ended.number;
    ActorCall<RolloutWorker, byte[]> call = worker -> worker.state(unused);
    List<ObjectRef<byte[]>> states = ask("save", call);
    out.writeInt(workers.size());
    for (int i = 0; i < workers.size(); i++) {
      byte[] state = await(i, "save", states.get(i), call);
      out.writeInt(restarts[i]);
      out.writeInt(state.length);
      out.write(state);
    }
    Rollout next = ahead;
    out.writeBoolean(next != null);
    if (next != null) {
      SavedRollout.write(next, out);
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
    out.writeBoolean(false);
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
        workers.set(i, start(i));
      }
    }
    ahead = in.readBoolean() ? SavedRollout.read(in) : null;
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
      if (running != null) {
        running.parts.forEach(runtime::cancel);
      }
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
