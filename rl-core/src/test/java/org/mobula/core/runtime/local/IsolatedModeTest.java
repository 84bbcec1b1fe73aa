package org.mobula.core.runtime.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.mobula.core.runtime.ActorOptions;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.NotTransferableException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.RetryRule;
import org.mobula.core.runtime.Task;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;

/** What strict mode alone lets through, because both sides run in one process. */
public class IsolatedModeTest {
  /** What a cluster's other machines would not have. */
  static final class Left {
    static final List<String> STATIC = new ArrayList<>();
    static final ThreadLocal<String> THREAD = new ThreadLocal<>();

    private Left() {}
  }

  @SuppressWarnings("ImmutableEnumChecker") // that is the point
  enum Mode {
    ON;

    private final AtomicInteger uses = new AtomicInteger();
  }

  static final class OddException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  static class Cell {
    void leave(String text) {
      Left.STATIC.add(text);
      Left.THREAD.set(text);
    }

    String left() {
      return Left.STATIC + " " + Left.THREAD.get();
    }
  }

  private static TaskRuntime create() {
    return LocalTaskRuntime.builder().cpus(1).isolated(true).build();
  }

  private static Object run(TaskRuntime runtime, Task<Object> task) {
    return runtime.get(runtime.submit(task));
  }

  @Test
  void staticVariablesOfTheDriverAreNotThere() {
    Left.STATIC.add("driver");
    try (TaskRuntime runtime = create()) {
      assertThat(run(runtime, context -> Left.STATIC.size())).isEqualTo(0);
      assertThat(run(runtime, context -> Left.STATIC.add("task"))).isEqualTo(true);
      assertThat(run(runtime, context -> Left.STATIC.size())).as("after another").isEqualTo(0);
    } finally {
      Left.STATIC.clear();
    }
    try (TaskRuntime strict = LocalTaskRuntime.builder().cpus(1).strict(true).build()) {
      assertThat(run(strict, context -> Left.STATIC.add("task"))).isEqualTo(true);
      assertThat(Left.STATIC).as("what strict mode alone lets through").containsExactly("task");
    } finally {
      Left.STATIC.clear();
    }
  }

  @Test
  void fieldsOfEnumConstantsAreNotThereButTheConstantsAre() {
    Mode.ON.uses.set(7);
    try (TaskRuntime runtime = create()) {
      Mode mode = Mode.ON;
      assertThat(run(runtime, context -> mode.uses.incrementAndGet())).isEqualTo(1);
      assertThat(run(runtime, context -> mode == Mode.ON)).isEqualTo(true);
      assertThat(run(runtime, context -> mode)).isSameAs(Mode.ON);
    }
    assertThat(Mode.ON.uses).hasValue(7);
    Mode.ON.uses.set(0);
  }

  @Test
  void threadLocalsEndWithTheTaskOrCallThatSetThem() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Cell> actor = runtime.actor(Cell::new);
      runtime.get(actor.run(cell -> cell.leave("call")));
      assertThat(runtime.get(actor.call(Cell::left))).isEqualTo("[call] null");
      // Also those of libraries that both sides share.
      Object first = run(runtime, context -> Thread.currentThread().getName());
      assertThat(run(runtime, context -> Thread.currentThread().getName())).isNotEqualTo(first);
    }
  }

  @Test
  void anActorThatIsStartedAgainFindsNothingOfItsLastLife() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Cell> actor = runtime.actor(ActorOptions.defaults().withMaxRestarts(1), Cell::new);
      runtime.get(actor.run(cell -> cell.leave("first life")));
      runtime.kill(actor);
      assertThat(runtime.get(actor.call(Cell::left))).isEqualTo("[] null");
    }
  }

  @Test
  void fileOfThisMachineDoesNotTravel() {
    try (TaskRuntime runtime = create()) {
      File file = new File("data.csv");
      assertThatThrownBy(() -> runtime.submit(TaskOptions.named("load"), c -> file.length()))
          .isInstanceOf(NotTransferableException.class)
          .hasMessage(
              "task 'load' cannot go to another machine: captured[0] is of class java.io.File,"
                  + " which names a file of this machine; send what is in it, or its name as text");
    }
  }

  /** As the class of a notebook's cell: in no folder of the class path. */
  public static final class Cellar implements Callable<Integer>, Serializable {
    private static final long serialVersionUID = 1L;

    public Cellar() {}

    @Override
    public Integer call() {
      return 1;
    }
  }

  private static final class Notebook extends ClassLoader {
    Notebook() {
      super(IsolatedModeTest.class.getClassLoader());
    }

    Class<?> define() throws IOException {
      String file = Cellar.class.getName().replace('.', '/') + ".class";
      ByteArrayOutputStream code = new ByteArrayOutputStream();
      try (InputStream in = getResourceAsStream(file)) {
        in.transferTo(code);
      }
      // Of another name of the same length, so that the class path has none like it.
      byte[] bytes =
          code.toString(java.nio.charset.StandardCharsets.ISO_8859_1)
              .replace("Cellar", "Castle")
              .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      return defineClass(
          Cellar.class.getName().replace("Cellar", "Castle"), bytes, 0, bytes.length);
    }
  }

  @Test
  void classThatOnlyTheDriverHasIsNamed() throws Exception {
    @SuppressWarnings("unchecked")
    Callable<Integer> castle =
        (Callable<Integer>) new Notebook().define().getDeclaredConstructor().newInstance();
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref = runtime.submit(context -> castle.call());
      assertThatThrownBy(() -> runtime.get(ref))
          .hasMessageContaining("a received value cannot be read: java.lang.ClassNotFoundException")
          .hasMessageContaining("IsolatedModeTest$Castle");
    }
  }

  @Test
  void errorsAndRetriesAreOfTheDriversClasses() {
    try (TaskRuntime runtime = create()) {
      TaskOptions retried =
          TaskOptions.named("odd").withMaxRetries(1).withRetryOn(RetryRule.on(OddException.class));
      ObjectRef<Integer> ref =
          runtime.submit(
              retried,
              context -> {
                throw new OddException();
              });
      assertThatThrownBy(() -> runtime.get(ref))
          .hasCauseInstanceOf(OddException.class)
          .hasMessageContaining("failed on attempt 2 of 2");
    }
  }
}
