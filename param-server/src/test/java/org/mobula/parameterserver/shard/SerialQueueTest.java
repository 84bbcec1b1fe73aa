package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class SerialQueueTest {
  private final SerialQueue queue = new SerialQueue();
  private final List<String> done = new ArrayList<>();

  private Runnable task(String name) {
    return () -> done.add(name);
  }

  @Test
  void whatATaskBringsComesAfterIt() {
    queue.run(
        () -> {
          queue.run(task("inner"));
          done.add("outer");
        });
    queue.run(task("next"));
    assertThat(done).containsExactly("outer", "inner", "next");
  }

  /** Else the queue would take tasks for ever and run none. */
  @Test
  void anErrorEndsNeitherTheQueueNorTheTasksBehindIt() {
    assertThatThrownBy(
            () ->
                queue.run(
                    () -> {
                      queue.run(task("behind"));
                      throw new OutOfMemoryError("as it happens");
                    }))
        .isInstanceOf(OutOfMemoryError.class)
        .hasMessage("as it happens");
    queue.run(task("later"));
    assertThat(done).containsExactly("behind", "later");
  }

  @Test
  void anExceptionReachesWhoeverRanTheTask() {
    assertThatThrownBy(
            () ->
                queue.run(
                    () -> {
                      queue.run(task("behind"));
                      throw new IllegalStateException("out of order");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("out of order");
    assertThat(done).containsExactly("behind");
  }

  @Test
  void anErrorOfAnExecutorsTaskLeavesTheQueueAsItWas() {
    Queue<Runnable> handedOver = new ArrayDeque<>();
    SerialQueue elsewhere = new SerialQueue(handedOver::add);
    elsewhere.run(
        () -> {
          throw new LinkageError("no such driver");
        });
    elsewhere.run(task("behind"));
    assertThat(handedOver).as("one at a time").hasSize(1);
    assertThatThrownBy(handedOver.remove()::run).isInstanceOf(LinkageError.class);
    assertThat(done).containsExactly("behind");
    elsewhere.run(task("later"));
    handedOver.remove().run();
    assertThat(done).containsExactly("behind", "later");
  }

  /** Every task is run once, one at a time, and sees what the ones before it have written. */
  @Test
  void tasksOfManyThreadsAreSerial() throws InterruptedException {
    int each = 20_000;
    int[] count = {0};
    List<Thread> threads = new ArrayList<>();
    CountDownLatch begin = new CountDownLatch(1);
    for (int i = 0; i < 4; i++) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  begin.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                for (int j = 0; j < each; j++) {
                  queue.run(() -> count[0]++);
                }
              });
      threads.add(thread);
      thread.start();
    }
    begin.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    int[] seen = {0};
    queue.run(() -> seen[0] = count[0]);
    assertThat(seen[0]).isEqualTo(4 * each);
  }
}
