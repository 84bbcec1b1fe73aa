package org.mobula.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.Sequence;
import org.mobula.serve.model.Tensor;

@Timeout(300)
final class SessionsTest {
  private final TaskRuntime runtime = LocalTaskRuntime.builder().cpus(4).build();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong nanos = new AtomicLong();
  private final Batcher batcher =
      Batcher.start(
          runtime,
          clock,
          "totals/1",
          new Totals(),
          BatchingConfig.defaults().withMaxReplicas(2).withMinReplicas(2));
  private final Sessions sessions = new Sessions(batcher, nanos::get);

  @AfterEach
  void end() {
    batcher.close(Duration.ZERO);
    clock.shutdownNow();
    runtime.close();
  }

  private CompletableFuture<float[]> ask(@Nullable Sequence sequence, float... x) {
    CompletableFuture<float[]> answer = new CompletableFuture<>();
    Completion completion =
        new Completion() {
          @Override
          public boolean isAbandoned() {
            return false;
          }

          @Override
          public void succeed(List<Tensor> outputs) {
            assertThat(outputs).hasSize(1);
            answer.complete(outputs.get(0).floats());
          }

          @Override
          public void fail(Failure failure) {
            answer.completeExceptionally(new IllegalStateException(failure.name()));
          }
        };
    List<Tensor> inputs = List.of(Tensor.of("x", x, x.length));
    assertThat(sessions.submit(inputs, Map.of(), sequence, System.nanoTime(), null, completion))
        .isTrue();
    return answer;
  }

  private float total(@Nullable Sequence sequence, float x) throws Exception {
    return ask(sequence, x).get()[0];
  }

  private static Sequence of(String id) {
    return new Sequence(id, null, false);
  }

  @Test
  void eachSessionHasItsState() throws Exception {
    assertThat(total(of("a"), 1)).isEqualTo(1);
    assertThat(total(of("b"), 10)).isEqualTo(10);
    assertThat(total(of("a"), 2)).isEqualTo(3);
    assertThat(total(null, 5)).isEqualTo(5);
    assertThat(total(of("b"), 20)).isEqualTo(30);
    assertThat(sessions.size()).isEqualTo(2);
  }

  @Test
  void requestsOfASessionAreComputedInTheirOrder() throws Exception {
    List<CompletableFuture<float[]>> answers = new ArrayList<>();
    for (int i = 1; i <= 50; i++) {
      answers.add(ask(of("a"), i));
      answers.add(ask(of("b"), 2 * i));
    }
    for (int i = 1; i <= 50; i++) {
      int sum = i * (i + 1) / 2;
      assertThat(answers.get(2 * i - 2).get()).containsExactly(sum);
      assertThat(answers.get(2 * i - 1).get()).containsExactly(2 * sum);
    }
  }

  @Test
  void startsAndEndsWhenTold() throws Exception {
    assertThat(total(new Sequence("a", true, false), 1)).isEqualTo(1);
    assertThat(total(new Sequence("a", false, false), 1)).isEqualTo(2);
    assertThat(total(new Sequence("a", true, false), 1)).isEqualTo(1);
    assertThat(total(new Sequence("a", false, true), 1)).isEqualTo(2);
    assertThat(sessions.size()).isZero();
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> total(new Sequence("a", false, false), 1))
        .withMessage(
            "session 'a' is not known: it has not begun, or was idle for longer than 60 s; begin it"
                + " with sequence_start");
    assertThat(total(of("a"), 1)).isEqualTo(1);
  }

  @Test
  void forgetsWhatIsIdle() throws Exception {
    total(of("a"), 1);
    nanos.addAndGet(Duration.ofSeconds(40).toNanos());
    total(of("b"), 1);
    nanos.addAndGet(Duration.ofSeconds(40).toNanos());
    assertThat(sessions.size()).isEqualTo(1);
    assertThat(total(of("a"), 1)).isEqualTo(1);
    assertThat(total(of("b"), 1)).isEqualTo(2);
  }

  @Test
  void aRequestThatFailsLeavesTheStateAsItWas() throws Exception {
    total(of("a"), 3);
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> total(of("a"), -1))
        .withMessageContaining("MODEL_FAILED");
    assertThat(total(of("a"), 4)).isEqualTo(7);
  }

  @Test
  void keepsItsNumberOfRows() throws Exception {
    assertThat(ask(of("a"), 1, 2).get()).containsExactly(1, 2);
    assertThat(ask(of("a"), 10, 20).get()).containsExactly(11, 22);
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> total(of("a"), 1))
        .withMessage(
            "the request has 1 rows but its session has 2; a session keeps its number of rows");
    assertThat(ask(new Sequence("a", true, false), 1).get()).containsExactly(1);
  }

  @Test
  void turnsAwayWhatWouldWaitTooLong() {
    List<CompletableFuture<float[]>> answers = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      answers.add(ask(of("a"), 1));
    }
    int last = 0;
    for (CompletableFuture<float[]> answer : answers) {
      if (!answer.handle((x, e) -> e != null).join()) {
        last++;
        assertThat(answer.join()).containsExactly(last);
      }
    }
    assertThat(last).isGreaterThanOrEqualTo(Sessions.MOST_WAITING);
  }
}
