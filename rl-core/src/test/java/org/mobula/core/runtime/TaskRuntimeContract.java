package org.mobula.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every engine keeps about tasks, objects and resources; {@link ActorContract} has the rest.
 * Lambdas here capture only what may travel. {@link Gate} works inside one JVM.
 */
@Timeout(300)
public abstract class TaskRuntimeContract {
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final Duration SHORT = Duration.ofMillis(20);

  /** A fresh runtime with these resources. */
  protected abstract TaskRuntime create(Resources resources);

  private TaskRuntime create() {
    return create(Resources.cpu(2));
  }

  // Tasks and dependencies.

  @Test
  void returnsTheValueOfATask() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<String> ref = runtime.submit(TaskOptions.named("greet"), context -> "hello");
      assertThat(runtime.get(ref)).isEqualTo("hello");
      assertThat(ref.isDone()).isTrue();
      assertThat(ref.name()).isEqualTo("greet");
    }
  }

  @Test
  void aTaskKnowsItsNameAttemptAndRuntime() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<String> ref =
          runtime.submit(
              TaskOptions.named("outer"),
              context ->
                  context.name()
                      + context.attempt()
                      + context.isCancelled()
                      + context.get(context.runtime().submit(inner -> "inner")));
      assertThat(runtime.get(ref)).isEqualTo("outer1falseinner");
    }
  }

  @Test
  void aTaskStartsOnlyWhenItsDependenciesAreThere() {
    Gate gate = new Gate();
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> slow =
          runtime.submit(
              context -> {
                gate.await();
                gate.add(1);
                return 20;
              });
      ObjectRef<Integer> put = runtime.put(22);
      ObjectRef<Integer> sum =
          runtime.submit(
              TaskOptions.named("sum"),
              List.of(slow, put, put),
              context -> {
                assertThat(gate.count()).isEqualTo(1);
                return context.get(slow) + context.get(put);
              });
      assertThat(runtime.wait(List.of(sum), 1, SHORT).pending()).containsExactly(sum);
      gate.open();
      assertThat(runtime.get(sum)).isEqualTo(42);
    }
  }

  @Test
  void aFailedTaskTellsNameAttemptAndItsOwnError() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref =
          runtime.submit(
              TaskOptions.named("load"),
              context -> {
                throw new IllegalStateException("boom");
              });
      TaskException error = catchThrowableOfType(TaskException.class, () -> runtime.get(ref));
      assertThat(error)
          .hasMessage("task 'load' failed on attempt 1 of 1: java.lang.IllegalStateException: boom")
          .hasCauseInstanceOf(IllegalStateException.class);
      assertThat(error.taskName()).isEqualTo("load");
      assertThat(error.attempt()).isEqualTo(1);
    }
  }

  @Test
  void anErrorThatCannotTellWhatItIsFailsTheTaskAllTheSame() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ObjectRef<Integer> ref =
          runtime.submit(
              TaskOptions.named("mute").withMaxRetries(1),
              context -> {
                throw new MuteException();
              });
      assertThatThrownBy(() -> runtime.get(ref, LONG))
          .isInstanceOf(TaskException.class)
          .hasMessageContaining("task 'mute' failed on attempt 2 of 2: " + MuteException.NAME)
          .hasMessageContaining("its message threw java.lang.UnsupportedOperationException");
      assertThat(number(runtime, runtime.submit(c -> 1))).isEqualTo(1);
    }
  }

  private static final class MuteException extends RuntimeException {
    private static final long serialVersionUID = 1;
    static final String NAME = MuteException.class.getName();

    @Override
    public String getMessage() {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void aFailedDependencyFailsTheTaskWithTheOriginalCause() {
    Gate ran = new Gate();
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> broken =
          runtime.submit(
              TaskOptions.named("load"),
              context -> {
                throw new IllegalStateException("boom");
              });
      ObjectRef<Integer> next =
          runtime.submit(
              TaskOptions.named("train").withMaxRetries(3), List.of(broken), c -> (int) ran.add(1));
      ObjectRef<Integer> last =
          runtime.submit(TaskOptions.named("report"), List.of(next), c -> (int) ran.add(1));
      assertThatThrownBy(() -> runtime.get(last))
          .isInstanceOf(TaskException.class)
          .hasMessageContaining("task 'report' did not run because its dependency 'train' failed")
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasRootCauseMessage("boom");
      assertThat(ran.count()).isZero();
    }
  }

  @Test
  void aLongChainFailsAndSucceedsWithoutDeepRecursion() {
    Gate gate = new Gate();
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> good = runtime.submit(context -> 0);
      ObjectRef<Integer> bad =
          runtime.submit(
              context -> {
                gate.await();
                throw new IllegalStateException("first");
              });
      for (int i = 0; i < 20_000; i++) {
        ObjectRef<Integer> before = good;
        good = runtime.submit(TaskOptions.defaults(), List.of(before), c -> c.get(before) + 1);
        bad = runtime.submit(TaskOptions.defaults(), List.of(bad), context -> 1);
      }
      gate.open();
      assertThat(runtime.get(good)).isEqualTo(20_000);
      ObjectRef<Integer> lastBad = bad;
      assertThatThrownBy(() -> runtime.get(lastBad)).hasRootCauseMessage("first");
    }
  }

  @Test
  void referencesTravelInsideValues() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<ObjectRef<Integer>> nested =
          runtime.submit(context -> context.runtime().submit(inner -> 7));
      assertThat(number(runtime, runtime.get(nested))).isEqualTo(7);
      ObjectRef<Integer> viaCapture =
          runtime.submit(context -> runtime.get(context.get(nested)) + 1);
      assertThat(runtime.get(viaCapture)).isEqualTo(8);
    }
  }

  @Test
  void aReferenceOfAnotherRuntimeIsRefused() {
    try (TaskRuntime runtime = create();
        TaskRuntime other = create()) {
      ObjectRef<Integer> foreign = other.put(1);
      assertThatThrownBy(() -> runtime.get(foreign))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("belongs to another runtime");
      assertThatThrownBy(() -> runtime.submit(TaskOptions.defaults(), List.of(foreign), c -> 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("belongs to another runtime");
      assertThat(runtime.metrics().queued()).isZero();
    }
  }

  // Waiting.

  @Test
  void waitTellsReadyFromPendingInTheOrderAsked() {
    Gate gate = new Gate();
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> slow = runtime.submit(c -> waitFor(gate));
      ObjectRef<Integer> fast = runtime.submit(c -> 1);
      ObjectRef<Integer> put = runtime.put(2);
      WaitResult<ObjectRef<Integer>> result = runtime.wait(List.of(slow, fast, put), 2, LONG);
      assertThat(result.ready()).containsExactly(fast, put);
      assertThat(result.pending()).containsExactly(slow);
      assertThat(runtime.wait(List.of(slow), 1, Duration.ZERO).ready()).isEmpty();
      gate.open();
      assertThat(runtime.wait(List.of(slow, fast), 2, LONG).pending()).isEmpty();
    }
  }

  @Test
  void waitRefusesACountThatCannotBeReached() {
    try (TaskRuntime runtime = create()) {
      List<ObjectRef<Integer>> refs = List.of(runtime.put(1));
      assertThatThrownBy(() -> runtime.wait(refs, 2, LONG))
          .hasMessage("count is 2 but must be from 1 to 1, the number of references");
      assertThatThrownBy(() -> runtime.wait(refs, 0, LONG))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void getGivesUpAfterItsTimeoutAndTheTaskGoesOn() {
    Gate gate = new Gate();
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> slow = runtime.submit(TaskOptions.named("slow"), c -> waitFor(gate));
      assertThatThrownBy(() -> runtime.get(slow, SHORT))
          .isInstanceOf(GetTimeoutException.class)
          .hasMessageContaining("'slow' was not done after PT0.02S");
      gate.open();
      assertThat(runtime.get(slow, LONG)).isEqualTo(1);
    }
  }

  @Test
  void aTaskThatWaitsForItselfIsToldSo() {
    Gate submitted = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Holder> holder = runtime.actor(Holder::new);
      ObjectRef<Integer> ref =
          runtime.submit(
              TaskOptions.named("narcissus"),
              context -> {
                submitted.await();
                return context.get(runtime.get(holder.call(h -> h.held.get(0))));
              });
      runtime.get(holder.run(h -> h.held.add(ref)));
      submitted.open();
      assertThatThrownBy(() -> runtime.get(ref))
          .hasMessageContaining("task 'narcissus' waits for its own result");
    }
  }

  static final class Holder {
    final List<ObjectRef<Integer>> held = new ArrayList<>();
  }

  // Cancelling and deadlines.

  @Test
  void aTaskCancelledWhileItWaitsNeverRuns() {
    Gate gate = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ObjectRef<Integer> first = runtime.submit(c -> waitFor(gate));
      ObjectRef<Integer> second =
          runtime.submit(TaskOptions.named("second"), c -> (int) gate.add(1));
      assertThat(runtime.cancel(second)).isTrue();
      assertThat(runtime.cancel(second)).isFalse();
      assertThatThrownBy(() -> runtime.get(second))
          .isInstanceOf(TaskCancelledException.class)
          .hasMessage("task 'second' was cancelled: on request");
      gate.open();
      assertThat(runtime.get(first)).isEqualTo(1);
      assertThat(number(runtime, runtime.submit(c -> 3))).isEqualTo(3);
      assertThat(gate.count()).isZero();
      assertThat(runtime.cancel(first)).isFalse();
    }
  }

  @Test
  void aTaskCancelledWhileItRunsIsInterruptedSeesItAndIsNotRetried() throws Exception {
    Gate started = new Gate();
    Gate ended = new Gate();
    Gate never = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ObjectRef<Integer> ref =
          runtime.submit(
              TaskOptions.defaults().withMaxRetries(-1),
              context -> {
                started.open();
                try {
                  never.await();
                } finally {
                  ended.add(context.isCancelled() ? 1 : 100);
                  ended.open();
                }
                return 1;
              });
      started.await();
      assertThat(runtime.cancel(ref)).isTrue();
      assertThatThrownBy(() -> runtime.get(ref)).isInstanceOf(TaskCancelledException.class);
      ended.await();
      assertThat(ended.count()).isEqualTo(1);
      boolean leaked = runtime.get(runtime.submit(c -> Thread.currentThread().isInterrupted()));
      assertThat(leaked).isFalse();
      assertThat(runtime.metrics().retried()).isZero();
    }
  }

  @Test
  void anInterruptThatATaskGivesItselfDoesNotReachTheNext() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      for (int i = 0; i < 100; i++) {
        runtime.submit(
            context -> {
              Thread.currentThread().interrupt();
              return 1;
            });
        assertThat(flag(runtime, runtime.submit(c -> Thread.currentThread().isInterrupted())))
            .isFalse();
      }
    }
  }

  @Test
  void aDeadlineEndsWaitingAndRunningTasks() {
    Gate never = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      TaskOptions brief = TaskOptions.named("brief").withDeadline(SHORT).withMaxRetries(5);
      ObjectRef<Integer> running = runtime.submit(brief, c -> waitFor(never));
      ObjectRef<Integer> waiting = runtime.submit(brief, List.of(running), c -> 1);
      assertThatThrownBy(() -> runtime.get(running))
          .isInstanceOf(DeadlineExceededException.class)
          .hasMessageContaining("deadline of PT0.02S");
      assertThatThrownBy(() -> runtime.get(waiting)).isInstanceOf(TaskException.class);
      TaskOptions generous = TaskOptions.defaults().withDeadline(LONG);
      assertThat(number(runtime, runtime.submit(generous, c -> 4))).isEqualTo(4);
      TaskOptions endless = TaskOptions.defaults().withDeadline(ChronoUnit.FOREVER.getDuration());
      assertThat(number(runtime, runtime.submit(endless, c -> 5))).isEqualTo(5);
    }
  }

  // Retries.

  @Test
  void aTaskIsRetriedUntilItSucceeds() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref =
          runtime.submit(
              TaskOptions.named("flaky").withMaxRetries(3),
              context -> {
                if (context.attempt() < 3) {
                  throw new java.io.IOException("attempt " + context.attempt());
                }
                return context.attempt();
              });
      assertThat(runtime.get(ref)).isEqualTo(3);
      assertThat(runtime.metrics().retried()).isEqualTo(2);
    }
  }

  @Test
  void retriesEndAndOnlyTheNamedErrorsAreRetried() {
    Gate runs = new Gate();
    try (TaskRuntime runtime = create()) {
      TaskOptions twice = TaskOptions.named("twice").withMaxRetries(1);
      ObjectRef<Integer> used =
          runtime.submit(
              twice,
              context -> {
                runs.add(1);
                throw new IllegalStateException("again");
              });
      assertThatThrownBy(() -> runtime.get(used))
          .hasMessage(
              "task 'twice' failed on attempt 2 of 2: java.lang.IllegalStateException: again");
      assertThat(runs.count()).isEqualTo(2);
      ObjectRef<Integer> other =
          runtime.submit(
              twice.withRetryOn(
                  RetryRule.on(java.io.IOException.class)
                      .or(RetryRule.on(InterruptedException.class))),
              context -> {
                throw new IllegalStateException("not worth it");
              });
      assertThatThrownBy(() -> runtime.get(other)).hasMessageContaining("attempt 1 of 2");
      ObjectRef<Integer> serious =
          runtime.submit(
              twice,
              context -> {
                throw new AssertionError("a bug");
              });
      assertThatThrownBy(() -> runtime.get(serious)).hasMessageContaining("attempt 1 of 2");
    }
  }

  @Test
  void aRetryRuleThatThrowsRetriesNothing() {
    try (TaskRuntime runtime = create()) {
      TaskOptions options =
          TaskOptions.named("ruled")
              .withMaxRetries(1)
              .withRetryOn(
                  error -> {
                    throw new AssertionError("the rule's own bug");
                  });
      ObjectRef<Integer> ref =
          runtime.submit(
              options,
              context -> {
                throw new IllegalStateException("boom");
              });
      assertThatThrownBy(() -> runtime.get(ref, LONG))
          .isInstanceOf(TaskException.class)
          .hasMessageContaining("task 'ruled' failed on attempt 1 of 2");
    }
  }

  // Resources.

  @Test
  void aRequestThatCanNeverBeMetIsRefusedWithTheNumbers() {
    try (TaskRuntime runtime = create(Resources.cpu(2).with("GPU", 1))) {
      TaskOptions greedy = TaskOptions.named("big").withResources(Resources.of("GPU", 1.5));
      assertThatThrownBy(() -> runtime.submit(greedy, c -> 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(
              "task 'big' needs GPU 1.5 but this runtime has CPU 2, GPU 1 in all");
      assertThatThrownBy(
              () ->
                  runtime.actor(
                      ActorOptions.named("a").withResources(Resources.cpu(3)), Holder::new))
          .hasMessageContaining("actor 'a' needs CPU 3");
      assertThat(runtime.totalResources()).isEqualTo(Resources.cpu(2).with("GPU", 1));
    }
  }

  @Test
  void resourcesAreNeverOversubscribedAndComeBack() {
    Resources total = Resources.cpu(4).with("GPU", 2).with("licence", 0.3);
    Gate cpu = new Gate();
    Gate gpu = new Gate();
    Gate licence = new Gate();
    try (TaskRuntime runtime = create(total)) {
      SplittableRandom random = new SplittableRandom(3);
      List<ObjectRef<Boolean>> refs = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        Resources need =
            switch (random.nextInt(5)) {
              case 0 -> Resources.cpu(2);
              case 1 -> Resources.cpu(0.5).with("GPU", 0.5);
              case 2 -> Resources.cpu(0.1).with("licence", 0.1);
              case 3 -> Resources.of("GPU", 1);
              default -> Resources.ONE_CPU;
            };
        refs.add(
            runtime.submit(
                TaskOptions.defaults().withResources(need),
                context -> {
                  boolean fits = cpu.add(need.micros("CPU")) <= 4_000_000;
                  fits &= gpu.add(need.micros("GPU")) <= 2_000_000;
                  fits &= licence.add(need.micros("licence")) <= 300_000;
                  Thread.onSpinWait();
                  cpu.add(-need.micros("CPU"));
                  gpu.add(-need.micros("GPU"));
                  licence.add(-need.micros("licence"));
                  return fits;
                }));
      }
      assertThat(runtime.getAll(refs)).doesNotContain(false);
      TaskOptions everything = TaskOptions.defaults().withResources(total);
      assertThat(number(runtime, runtime.submit(everything, c -> 1))).isEqualTo(1);
    }
  }

  @Test
  void tenTenthsRunAtOnceAndAnEleventhWaits() throws Exception {
    Gate ten = new Gate(10);
    Gate release = new Gate();
    Gate eleventh = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(1).with("licence", 1))) {
      TaskOptions tenth = TaskOptions.defaults().withResources(Resources.of("licence", 0.1));
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        refs.add(
            runtime.submit(
                tenth,
                context -> {
                  ten.open();
                  return waitFor(release);
                }));
      }
      ten.await();
      assertThat(runtime.availableResources().micros("licence")).isZero();
      refs.add(runtime.submit(tenth, context -> (int) eleventh.add(1)));
      assertThat(number(runtime, runtime.submit(c -> 5))).isEqualTo(5);
      assertThat(eleventh.count()).isZero();
      release.open();
      assertThat(runtime.getAll(refs)).containsOnly(1);
    }
  }

  @Test
  void aWaitingShapeDoesNotHoldUpOthersAndKeepsItsOwnOrder() {
    Gate release = new Gate();
    Gate order = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(2).with("GPU", 1))) {
      TaskOptions gpu = TaskOptions.defaults().withResources(Resources.of("GPU", 1));
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      refs.add(runtime.submit(gpu, context -> waitFor(release) * (int) order.add(1)));
      for (int i = 0; i < 50; i++) {
        refs.add(runtime.submit(gpu, context -> (int) order.add(1)));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(number(runtime, runtime.submit(c -> 1))).isEqualTo(1);
      }
      assertThat(order.count()).isZero();
      release.open();
      List<Integer> values = runtime.getAll(refs);
      assertThat(values).isSorted().startsWith(1).endsWith(51);
    }
  }

  // Nested waiting.

  @Test
  void nestedWaitsNeverDeadlockOnOneCpu() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      assertThat(number(runtime, runtime.submit(c -> depth(c, 60)))).isEqualTo(60);
      assertThat(number(runtime, runtime.submit(c -> fibonacci(c, 10)))).isEqualTo(55);
    }
  }

  private static int depth(TaskContext context, int left) {
    return left == 0 ? 0 : 1 + context.get(context.runtime().submit(c -> depth(c, left - 1)));
  }

  private static int fibonacci(TaskContext context, int n) {
    if (n < 2) {
      return n;
    }
    ObjectRef<Integer> a = context.runtime().submit(c -> fibonacci(c, n - 1));
    ObjectRef<Integer> b = context.runtime().submit(c -> fibonacci(c, n - 2));
    return context.get(a) + context.get(b);
  }

  @Test
  void cpusAreNotOversubscribedWhenBlockedTasksGoOn() {
    Gate cpus = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(2))) {
      List<ObjectRef<Boolean>> refs = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        refs.add(
            runtime.submit(
                context -> {
                  boolean before = useCpu(cpus);
                  ObjectRef<Boolean> inner = context.runtime().submit(c -> useCpu(cpus));
                  return context.get(inner) && before && useCpu(cpus);
                }));
      }
      assertThat(runtime.getAll(refs)).doesNotContain(false);
    }
  }

  private static boolean useCpu(Gate cpus) {
    boolean fits = cpus.add(1) <= 2;
    for (int i = 0; i < 200; i++) {
      Thread.onSpinWait();
    }
    cpus.add(-1);
    return fits;
  }

  // The end.

  @Test
  void closeCancelsWhatWaitsInterruptsWhatRunsAndRefusesTheRest() throws Exception {
    Gate started = new Gate();
    Gate never = new Gate();
    TaskRuntime runtime = create(Resources.cpu(1).with("GPU", 1));
    ObjectRef<Integer> running =
        runtime.submit(
            context -> {
              started.open();
              return waitFor(never);
            });
    List<ObjectRef<Integer>> waiting = new ArrayList<>();
    waiting.add(runtime.submit(context -> 1));
    waiting.add(runtime.submit(TaskOptions.defaults(), List.of(running), context -> 1));
    waiting.add(
        runtime.submit(
            TaskOptions.defaults().withResources(Resources.cpu(1).with("GPU", 1)), c -> 1));
    ActorRef<Holder> actor = runtime.actor(Holder::new);
    waiting.add(actor.call(h -> h.held.size()));
    started.await();
    runtime.close();
    runtime.close();
    assertThatThrownBy(() -> runtime.get(running)).isInstanceOf(TaskCancelledException.class);
    for (ObjectRef<Integer> ref : waiting) {
      assertThatThrownBy(() -> runtime.get(ref)).isInstanceOf(TaskException.class);
    }
    assertThatThrownBy(() -> runtime.submit(context -> 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the runtime is closed and takes no new work");
    assertThatThrownBy(() -> actor.call(h -> 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runtime.put(1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closeFromInsideATaskIsRefused() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref =
          runtime.submit(
              context -> {
                context.runtime().close();
                return 1;
              });
      assertThatThrownBy(() -> runtime.get(ref))
          .hasRootCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("close() was called from inside a task");
    }
  }

  // Crowds.

  @Test
  void runsAHundredThousandTasks() {
    try (TaskRuntime runtime = create()) {
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      for (int i = 0; i < 100_000; i++) {
        int value = i;
        refs.add(runtime.submit(context -> value));
      }
      long sum = 0;
      for (int value : runtime.getAll(refs)) {
        sum += value;
      }
      assertThat(sum).isEqualTo(100_000L * 99_999 / 2);
      RuntimeMetrics metrics = runtime.metrics();
      assertThat(metrics.submitted()).isEqualTo(100_000);
      assertThat(metrics.succeeded()).isEqualTo(100_000);
      assertThat(metrics.queued()).isZero();
      assertThat(metrics.running()).isZero();
    }
  }

  @Test
  void aRandomGraphOfTasksEqualsItsSequentialEvaluation() {
    SplittableRandom random = new SplittableRandom(17);
    try (TaskRuntime runtime = create(Resources.cpu(2).with("GPU", 1))) {
      List<ObjectRef<Long>> refs = new ArrayList<>();
      List<Long> expected = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        List<ObjectRef<Long>> inputs = new ArrayList<>();
        long value = i;
        for (int k = random.nextInt(4); k > 0 && i > 0; k--) {
          int from = random.nextInt(i);
          inputs.add(refs.get(from));
          value = 31 * value + expected.get(from);
        }
        expected.add(value);
        long seed = i;
        boolean onGpu = random.nextInt(10) == 0;
        TaskOptions options =
            onGpu
                ? TaskOptions.defaults().withResources(Resources.of("GPU", 0.5))
                : TaskOptions.defaults();
        refs.add(
            runtime.submit(
                options,
                inputs,
                context -> {
                  long result = seed;
                  for (ObjectRef<Long> input : inputs) {
                    result = 31 * result + context.get(input);
                  }
                  return result;
                }));
      }
      assertThat(runtime.getAll(refs)).isEqualTo(expected);
    }
  }

  @Test
  void aStormOfCancellationsLosesNothing() throws Exception {
    try (TaskRuntime runtime = create()) {
      Gate ran = new Gate();
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        refs.add(
            runtime.submit(
                context -> {
                  ran.add(1);
                  if (Thread.interrupted()) {
                    throw new InterruptedException();
                  }
                  return 1;
                }));
      }
      List<Thread> cancellers = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        int step = t + 2;
        Thread canceller =
            new Thread(
                () -> {
                  for (int i = 0; i < refs.size(); i += step) {
                    runtime.cancel(refs.get(i));
                  }
                });
        canceller.start();
        cancellers.add(canceller);
      }
      for (Thread canceller : cancellers) {
        canceller.join();
      }
      long succeeded = 0;
      for (ObjectRef<Integer> ref : refs) {
        try {
          succeeded += runtime.get(ref);
        } catch (TaskCancelledException e) {
          assertThat(e).hasMessageContaining("on request");
        }
      }
      assertThat(ran.count()).isGreaterThanOrEqualTo(succeeded);
      RuntimeMetrics metrics = runtime.metrics();
      assertThat(metrics.succeeded()).isEqualTo(succeeded);
      assertThat(metrics.succeeded() + metrics.cancelled()).isEqualTo(20_000);
    }
  }

  @Test
  void submittingWhileItClosesLeavesNoReferenceOpen() throws Exception {
    for (int round = 0; round < 20; round++) {
      TaskRuntime runtime = create();
      ActorRef<Holder> actor = runtime.actor(Holder::new);
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      TaskOptions expiring = TaskOptions.defaults().withDeadline(Duration.ofHours(1));
      AtomicReference<Throwable> wrong = new AtomicReference<>();
      Gate going = new Gate();
      Thread submitter =
          new Thread(
              () -> {
                try {
                  while (refs.size() < 1_000_000) {
                    refs.add(runtime.submit(context -> 1));
                    refs.add(runtime.submit(expiring, context -> 1));
                    refs.add(actor.call(h -> 1));
                    going.open();
                  }
                } catch (IllegalStateException e) {
                  return; // closed, as expected
                }
              });
      submitter.setUncaughtExceptionHandler((thread, e) -> wrong.set(e));
      submitter.start();
      going.await();
      runtime.close();
      submitter.join();
      assertThat(wrong).hasNullValue();
      assertThat(refs).allMatch(ObjectRef::isDone);
    }
  }

  private static int number(TaskRuntime runtime, ObjectRef<Integer> ref) {
    return runtime.get(ref);
  }

  private static boolean flag(TaskRuntime runtime, ObjectRef<Boolean> ref) {
    return runtime.get(ref);
  }

  private static int waitFor(Gate gate) throws InterruptedException {
    gate.await();
    return 1;
  }
}
