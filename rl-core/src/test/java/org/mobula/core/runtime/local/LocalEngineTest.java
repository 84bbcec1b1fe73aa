package org.mobula.core.runtime.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.mobula.core.runtime.ActorDiedException;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.Task;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;

class LocalEngineTest {
  @Test
  void noThreadOutlivesTheRuntime() {
    TaskRuntime runtime = LocalTaskRuntime.builder().name("leak-check").cpus(3).build();
    List<ObjectRef<Integer>> refs = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      TaskOptions options = TaskOptions.defaults().withDeadline(Duration.ofMinutes(1));
      refs.add(runtime.submit(options, c -> c.get(c.runtime().submit(inner -> 1))));
      refs.add(runtime.submit(options.withResources(Resources.cpu(0.1)), c -> 1));
    }
    runtime.getAll(refs);
    assertThat(threads("leak-check")).isNotEmpty();
    runtime.close();
    assertThat(threads("leak-check")).isEmpty();
    assertThat(threads("mobula-deadlines")).isEmpty();
  }

  private static List<String> threads(String prefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(prefix))
        .toList();
  }

  @Test
  void lessThanOneCpuIsRefused() {
    LocalTaskRuntime.Builder builder = LocalTaskRuntime.builder().resources(Resources.of("GPU", 1));
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("resources are GPU 1 but CPU must be >= 1");
  }

  @Test
  void withoutStrictModeValuesAreNotCopied() {
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(1).strict(false).build()) {
      Object value = new Object();
      assertThat(runtime.get(runtime.put(value))).isSameAs(value);
    }
  }

  /** Time that passes only where somebody waits for it to. */
  private static final class PatientClock implements Backoff.Clock {
    private final AtomicLong nanos = new AtomicLong();

    @Override
    public long nanoTime() {
      return nanos.get();
    }

    @Override
    public void sleep(long slept) {
      nanos.addAndGet(slept);
    }

    long milliseconds() {
      return nanoTime() / 1_000_000;
    }
  }

  @Test
  void anActorIsStartedAgainAfterPausesThatDoubleUpToTenSeconds() {
    PatientClock clock = new PatientClock();
    List<Long> tries = new CopyOnWriteArrayList<>();
    try (TaskRuntime runtime =
        LocalTaskRuntime.builder().cpus(1).strict(false).clock(clock).build()) {
      ActorRef<Object> actor =
          runtime.actor(
              ActorOptions.named("broken").withMaxRestarts(-1),
              () -> {
                tries.add(clock.milliseconds());
                throw new IllegalStateException("no");
              });
      for (int i = 0; i < 20; i++) {
        ObjectRef<Integer> ref = actor.call(Object::hashCode);
        assertThatThrownBy(() -> runtime.get(ref)).isInstanceOf(ActorDiedException.class);
      }
      List<Long> pauses = new ArrayList<>();
      for (int i = 1; i < 14; i++) {
        pauses.add(tries.get(i) - tries.get(i - 1));
      }
      assertThat(pauses)
          .containsExactly(
              10L, 20L, 40L, 80L, 160L, 320L, 640L, 1280L, 2560L, 5120L, 10_000L, 10_000L, 10_000L);
      ObjectRef<Integer> last = actor.call(Object::hashCode);
      ActorDiedException error =
          catchThrowableOfType(ActorDiedException.class, () -> runtime.get(last));
      assertThat(error.history()).as("what is remembered").hasSize(16);
      assertThat(error)
          .hasMessageContaining("after " + tries.size() + " tries in a row (the next call leads to")
          .hasMessageContaining(
              "; the last deaths: " + (tries.size() - 15) + ") its factory threw");
      assertThat(runtime.metrics().actorStartFailures()).isEqualTo(tries.size());
    }
  }

  @Test
  void aTaskIsRetriedAfterPausesThatDouble() {
    PatientClock clock = new PatientClock();
    List<Long> tries = new CopyOnWriteArrayList<>();
    Task<Integer> failing =
        context -> {
          tries.add(clock.milliseconds());
          if (context.attempt() < 5) {
            throw new IllegalStateException("no");
          }
          return context.attempt();
        };
    try (TaskRuntime runtime =
        LocalTaskRuntime.builder().cpus(1).strict(false).clock(clock).build()) {
      TaskOptions unlimited = TaskOptions.defaults().withMaxRetries(-1);
      assertThat(runtime.get(runtime.submit(unlimited, failing))).isEqualTo(5);
      assertThat(tries).containsExactly(0L, 10L, 30L, 70L, 150L);
    }
  }

  @Test
  void anActorThatSendsToItsOwnFullMailboxIsToldSo() {
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(1).build()) {
      ActorOptions one = ActorOptions.named("self").withMailboxCapacity(1);
      ActorRef<ArrayList<Integer>> actor = runtime.actor(one, ArrayList::new);
      ObjectRef<Integer> ref =
          actor.call(
              list -> {
                ActorRef<ArrayList<Integer>> self =
                    runtime.<ArrayList<Integer>>actorNamed("self").orElseThrow();
                self.call(List::size);
                self.call(List::size);
                return 1;
              });
      assertThatThrownBy(() -> runtime.get(ref))
          .hasMessageContaining("only the actor itself, which is sending this call, can make room");
    }
  }

  @Test
  void availableResourcesComeBack() {
    Resources total = Resources.cpu(2).with("GPU", 1);
    try (TaskRuntime runtime = LocalTaskRuntime.builder().resources(total).build()) {
      TaskOptions onGpu = TaskOptions.defaults().withResources(Resources.of("GPU", 0.25));
      ObjectRef<Double> during =
          runtime.submit(onGpu, c -> c.runtime().availableResources().amount("GPU"));
      assertThat(runtime.get(during)).isEqualTo(0.75);
      int ran = runtime.get(runtime.submit(TaskOptions.defaults().withResources(total), c -> 1));
      assertThat(ran).isEqualTo(1);
    }
  }
}
