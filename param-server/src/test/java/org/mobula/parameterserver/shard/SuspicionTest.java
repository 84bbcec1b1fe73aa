package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Times in units of the least silence that may be suspicious, which is 1,000. */
class SuspicionTest {
  private static final long LEAST = 1000;

  @Test
  void aPeerThatNothingIsKnownOfHasFourTimesTheLeast() {
    Suspicion suspicion = new Suspicion(LEAST, 5);
    assertThat(suspicion.limit(5)).isEqualTo(4 * LEAST);
  }

  @Test
  void halfOfTheLongestSilenceIsForgottenAfterTenTimesTheLeast() {
    Suspicion suspicion = new Suspicion(LEAST, 0);
    assertThat(suspicion.limit(10 * LEAST)).isEqualTo(2 * LEAST);
    assertThat(suspicion.limit(20 * LEAST)).isEqualTo(LEAST);
    assertThat(suspicion.limit(1_000_000 * LEAST)).as("never less").isEqualTo(LEAST);
  }

  @Test
  void aLongSilenceGivesFourTimesAsMuch() {
    Suspicion suspicion = new Suspicion(LEAST, 0);
    suspicion.heard(3 * LEAST, 3 * LEAST);
    assertThat(suspicion.limit(3 * LEAST)).isEqualTo(12 * LEAST);
    suspicion.heard(LEAST, 4 * LEAST);
    assertThat(suspicion.limit(13 * LEAST))
        .as("a shorter one changes nothing")
        .isEqualTo(6 * LEAST);
    suspicion.heard(100 * LEAST, 113 * LEAST);
    assertThat(suspicion.limit(113 * LEAST)).as("never more").isEqualTo(50 * LEAST);
  }

  /** A clock that jumps back, as two threads may see it, forgets nothing twice. */
  @Test
  void nothingIsForgottenBeforeItWasSeen() {
    assertThat(new Suspicion(LEAST, 100).limit(0)).isEqualTo(4 * LEAST);
  }

  /**
   * Silences of one length, whatever it is up to a twelfth of the most: none but the first, of a
   * peer that nothing is known of, is ever suspected, for as long as it goes on.
   */
  @Test
  void regularSilenceIsNeverSuspected() {
    SplittableRandom random = new SplittableRandom(1);
    for (int peer = 0; peer < 500; peer++) {
      long silence = 1 + random.nextLong(12 * LEAST);
      Suspicion suspicion = new Suspicion(LEAST, 0);
      long now = silence;
      suspicion.heard(silence, now);
      for (int i = 0; i < 200; i++) {
        assertThat(suspicion.limit(now + silence))
            .as("silence of %s for the %s. time", silence, i)
            .isGreaterThan(silence);
        now += silence;
        suspicion.heard(silence, now);
      }
    }
  }

  /** Of two peers that are as slow in the mean, the one that is less even has more time. */
  @Test
  void jitterDelaysSuspicion() {
    SplittableRandom random = new SplittableRandom(2);
    for (int peer = 0; peer < 500; peer++) {
      long mean = LEAST + random.nextLong(5 * LEAST);
      Suspicion even = new Suspicion(LEAST, 0);
      Suspicion uneven = new Suspicion(LEAST, 0);
      long now = 0;
      for (int i = 0; i < 50; i++) {
        long jitter = random.nextLong(mean);
        now += mean - jitter;
        uneven.heard(mean - jitter, now);
        now += mean + jitter;
        even.heard(mean, now);
        uneven.heard(mean + jitter, now);
        assertThat(uneven.limit(now)).isGreaterThanOrEqualTo(even.limit(now));
      }
    }
  }

  /** A machine that was busy for a while, and is not any more. */
  @Test
  void aPeerThatHasBecomeQuickIsSuspectedSoonAgain() {
    Suspicion suspicion = new Suspicion(LEAST, 0);
    suspicion.heard(10 * LEAST, 10 * LEAST);
    long now = 10 * LEAST;
    long before = suspicion.limit(now);
    for (int i = 0; i < 1000; i++) {
      now += LEAST / 10;
      suspicion.heard(LEAST / 10, now);
      assertThat(suspicion.limit(now)).isLessThanOrEqualTo(before);
      before = suspicion.limit(now);
    }
    assertThat(before).isEqualTo(LEAST);
  }
}
