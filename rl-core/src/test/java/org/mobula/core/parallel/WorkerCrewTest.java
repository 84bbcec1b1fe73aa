package org.mobula.core.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(300)
class WorkerCrewTest {
  /** More threads than processors, fewer indices than threads, and the usual case. */
  @ParameterizedTest
  @CsvSource({"1, 7", "2, 7", "3, 3", "4, 2", "16, 100"})
  void doesEachIndexOnceInEachTurn(int threads, int indices) {
    int[] times = new int[indices];
    try (WorkerCrew crew = new WorkerCrew("test", indices, threads)) {
      for (int turn = 1; turn <= 2000; turn++) {
        crew.run(
            (from, to) -> {
              for (int i = from; i < to; i++) {
                times[i]++;
              }
            });
        assertThat(times).containsOnly(turn); // so the caller sees what the others wrote
      }
    }
  }

  @Test
  void givesAThreadTheSameIndicesInEachTurnAndEndsThemAll() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    Thread[] first = new Thread[6];
    Thread[] last = new Thread[6];
    try (WorkerCrew crew = new WorkerCrew("test", 6, 3)) {
      crew.run((from, to) -> note(first, from, to, threads));
      crew.run((from, to) -> note(last, from, to, threads));
    }
    assertThat(last).isEqualTo(first);
    assertThat(threads).hasSize(3).contains(Thread.currentThread());
    assertThat(threads).filteredOn(Thread::isAlive).containsExactly(Thread.currentThread());
  }

  private static void note(Thread[] threads, int from, int to, Set<Thread> all) {
    for (int i = from; i < to; i++) {
      threads[i] = Thread.currentThread();
    }
    all.add(Thread.currentThread());
  }

  @Test
  void finishesATurnBeforeItLooksAtAnInterrupt() {
    int[] done = new int[2];
    try (WorkerCrew crew = new WorkerCrew("test", 2, 2)) {
      Thread.currentThread().interrupt();
      for (int turn = 0; turn < 100; turn++) {
        crew.run((from, to) -> done[from]++);
      }
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(done).containsExactly(100, 100);
  }
}
