package org.mobula.core.runtime;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.TimeUnit;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What one task and one actor call cost, beside a bare {@link ForkJoinPool} of the same size. Tasks
 * do nothing, so only the runtime is measured.
 */
@SuppressWarnings("NullAway.Init") // JMH calls open() first
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.SECONDS)
public class RuntimeBenchmark {
  private static final int BATCH = 100_000;
  private static final int CPUS = 2;

  private TaskRuntime runtime;
  private ForkJoinPool pool;
  private ActorRef<Counter> actor;

  static final class Counter {
    private long value;

    long increment() {
      return ++value;
    }
  }

  @Setup
  public void open() {
    runtime = LocalTaskRuntime.builder().cpus(CPUS).strict(false).build();
    actor = runtime.actor(Counter::new);
    pool = new ForkJoinPool(CPUS, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, true);
  }

  @TearDown
  public void close() {
    runtime.close();
    pool.shutdownNow();
  }

  @Benchmark
  @BenchmarkMode(Mode.Throughput)
  @OperationsPerInvocation(BATCH)
  public long tasksAsynchronously() {
    @SuppressWarnings({"unchecked", "rawtypes"})
    ObjectRef<Integer>[] refs = new ObjectRef[BATCH];
    for (int i = 0; i < BATCH; i++) {
      int value = i;
      refs[i] = runtime.submit(context -> value);
    }
    long sum = 0;
    for (ObjectRef<Integer> ref : refs) {
      sum += runtime.get(ref);
    }
    return sum;
  }

  @Benchmark
  @BenchmarkMode(Mode.Throughput)
  @OperationsPerInvocation(BATCH)
  public long forkJoinPoolTasksAsynchronously() throws ExecutionException, InterruptedException {
    @SuppressWarnings({"unchecked", "rawtypes"})
    ForkJoinTask<Integer>[] tasks = new ForkJoinTask[BATCH];
    for (int i = 0; i < BATCH; i++) {
      int value = i;
      tasks[i] = pool.submit(() -> value);
    }
    long sum = 0;
    for (ForkJoinTask<Integer> task : tasks) {
      sum += task.get();
    }
    return sum;
  }

  @Benchmark
  @BenchmarkMode(Mode.Throughput)
  @OperationsPerInvocation(BATCH)
  public long actorCallsAsynchronously() {
    ObjectRef<Long> last = actor.call(Counter::increment);
    for (int i = 1; i < BATCH; i++) {
      last = actor.call(Counter::increment);
    }
    return runtime.get(last);
  }

  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public long actorCallSynchronously() {
    return runtime.get(actor.call(Counter::increment));
  }

  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public int taskSynchronously() {
    return runtime.get(runtime.submit(context -> 1));
  }

  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public int forkJoinPoolTaskSynchronously() throws ExecutionException, InterruptedException {
    return pool.submit(() -> 1).get();
  }
}
