package org.mobula.core.runtime.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.Resources;
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
