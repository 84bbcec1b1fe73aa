package org.mobula.core.runtime.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.NotTransferableException;
import org.mobula.core.runtime.ObjectRef;
import org.mobula.core.runtime.TaskOptions;
import org.mobula.core.runtime.TaskRuntime;

/** Strict mode shows inside one JVM what would go wrong between several. */
class StrictModeTest {
  private static TaskRuntime create() {
    return LocalTaskRuntime.builder().cpus(2).strict(true).build();
  }

  record Socket(int port) {}

  record Settings(String name, Map<String, List<Object>> parts) implements Serializable {}

  static final class Model implements Serializable {
    private static final long serialVersionUID = 1L;
    private final Object[] layers;

    Model(Object... layers) {
      this.layers = layers;
    }

    int size() {
      return layers.length;
    }
  }

  static final class UntransferableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // that is the point
    private final Object socket = new Socket(80);

    UntransferableException() {
      super("broken pipe", new IllegalStateException("the wire was cut"));
    }

    @Override
    public String getMessage() {
      return super.getMessage() + ", " + socket;
    }
  }

  @Test
  void argumentsResultsAndPutValuesAreCopies() {
    try (TaskRuntime runtime = create()) {
      ArrayList<Integer> mine = new ArrayList<>(List.of(1));
      ObjectRef<ArrayList<Integer>> put = runtime.put(mine);
      ObjectRef<ArrayList<Integer>> result =
          runtime.submit(
              context -> {
                mine.add(2);
                context.get(put).add(3);
                return mine;
              });
      ArrayList<Integer> first = runtime.get(result);
      mine.add(4);
      assertThat(first).containsExactly(1, 2);
      assertThat(runtime.get(put)).containsExactly(1);
      first.add(5);
      assertThat(runtime.get(result)).containsExactly(1, 2);
    }
  }

  @Test
  void eachAttemptStartsFromWhatWasSent() {
    try (TaskRuntime runtime = create()) {
      ArrayList<Integer> seen = new ArrayList<>();
      ObjectRef<Integer> ref =
          runtime.submit(
              TaskOptions.named("flaky").withMaxRetries(1),
              context -> {
                seen.add(context.attempt());
                if (context.attempt() == 1) {
                  throw new IllegalStateException("once");
                }
                return seen.size();
              });
      int size = runtime.get(ref);
      assertThat(size).isEqualTo(1);
    }
  }

  @Test
  void aCapturedValueThatCannotTravelIsNamedWithItsPath() {
    try (TaskRuntime runtime = create()) {
      Settings settings =
          new Settings("net", Map.of("ports", List.of(1, new Model(2, new Socket(80)))));
      assertThatThrownBy(
              () -> runtime.submit(TaskOptions.named("serve"), c -> settings.name().length()))
          .isInstanceOf(NotTransferableException.class)
          .hasMessage(
              "task 'serve' cannot go to another machine: "
                  + "captured[0].parts[\"ports\"][1].layers[1] is of class "
                  + Socket.class.getName()
                  + ", which is not Serializable; make it so, or do not capture or return it");
      assertThatThrownBy(() -> runtime.put(new Socket(1)))
          .hasMessageContaining("the value put cannot go to another machine: the value itself");
      Object test = this;
      assertThatThrownBy(() -> runtime.actor(() -> new Model(test)))
          .hasMessageContaining("the factory of")
          .hasMessageContaining("captured[0] is of class " + StrictModeTest.class.getName());
    }
  }

  @Test
  void aResultThatCannotTravelFailsTheTask() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Socket> ref = runtime.submit(TaskOptions.named("open"), c -> new Socket(80));
      assertThatThrownBy(() -> runtime.get(ref))
          .hasCauseInstanceOf(NotTransferableException.class)
          .hasMessageContaining("the result of task 'open' cannot go to another machine");
      ActorRef<Socket> actor = runtime.actor(() -> new Socket(80));
      ObjectRef<Socket> itself = actor.call(socket -> socket);
      assertThatThrownBy(() -> runtime.get(itself)).hasMessageContaining("the result of call");
      int port = runtime.get(actor.call(Socket::port)); // the actor itself need not travel
      assertThat(port).isEqualTo(80);
    }
  }

  @Test
  void theContextCannotBeSmuggledOut() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref =
          runtime.submit(
              outer -> {
                ObjectRef<String> inner = outer.runtime().submit(context -> outer.name());
                return outer.get(inner).length();
              });
      assertThatThrownBy(() -> runtime.get(ref))
          .hasCauseInstanceOf(NotTransferableException.class)
          .hasMessageContaining("captured[0]");
    }
  }

  @Test
  void anErrorThatCannotTravelArrivesInWords() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref =
          runtime.submit(
              context -> {
                throw new UntransferableException();
              });
      assertThatThrownBy(() -> runtime.get(ref))
          .hasMessageContaining("broken pipe")
          .cause()
          .hasMessage(UntransferableException.class.getName() + ": broken pipe, Socket[port=80]")
          .satisfies(
              error ->
                  assertThat(error.getStackTrace()[0].getClassName())
                      .isEqualTo(StrictModeTest.class.getName()))
          .hasRootCauseMessage("java.lang.IllegalStateException: the wire was cut");
    }
  }

  @Test
  void anErrorTooDeepToTravelArrivesInWords() {
    try (TaskRuntime runtime = create()) {
      ObjectRef<Integer> ref =
          runtime.submit(
              context -> {
                throw new DeepException();
              });
      assertThatThrownBy(() -> runtime.get(ref, Duration.ofSeconds(50)))
          .cause()
          .hasMessage(DeepException.class.getName() + ": a long list");
    }
  }

  /** As if its parts were linked to one another in a chain. */
  private static final class DeepException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DeepException() {
      super("a long list");
    }

    private void writeObject(ObjectOutputStream out) {
      throw new StackOverflowError();
    }
  }

  @Test
  void refsActorsAndTheRuntimeMayBeCaptured() {
    try (TaskRuntime runtime = create()) {
      ActorRef<ArrayList<Integer>> actor = runtime.actor(ArrayList::new);
      ObjectRef<Integer> one = runtime.put(1);
      ObjectRef<Boolean> ref =
          runtime.submit(
              context ->
                  runtime == context.runtime()
                      && context.get(actor.call(list -> list.add(runtime.get(one)))));
      boolean added = runtime.get(ref);
      assertThat(added).isTrue();
    }
  }
}
