package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

@Timeout(120) // a rendezvous that is missed would wait for ever
class DrivenEnvironmentTest {
  private interface Loop {
    void run(Decisions decisions) throws Exception;
  }

  /** Observes one number and chooses one of two. */
  private static DrivenEnvironment driven(Loop loop) {
    return new DrivenEnvironment(Box.of(0, 1000, 1), new Discrete(2)) {
      @Override
      protected void run(Decisions decisions) throws Exception {
        loop.run(decisions);
      }

      @Override
      public String toString() {
        return "driven";
      }
    };
  }

  private static float reset(Environment environment, Reset reset) {
    float[] observation = new float[1];
    environment.reset(reset, observation);
    return observation[0];
  }

  private static Step step(Environment environment, float action) {
    Step step = new Step(environment.observationSpace());
    environment.step(new float[] {action}, step);
    return step;
  }

  @Test
  void severalAtOnceGiveTheStepsOfTheEqualOrdinaryEnvironment() {
    Queue<Thread> threads = new ConcurrentLinkedQueue<>();
    try (VectorEnvironment ordinary =
            new SyncVectorEnvironment(
                () -> new TimeLimit(new DrivenCorridor.Stepped(), 20), 6, AutoresetMode.SAME_STEP);
        VectorEnvironment driven =
            new ThreadedVectorEnvironment(
                () -> new TimeLimit(new DrivenCorridor(threads), 20),
                6,
                AutoresetMode.SAME_STEP,
                2)) {
      assertThat(play(driven)).isEqualTo(play(ordinary));
    }
    assertThat(threads).isNotEmpty().noneMatch(Thread::isAlive);
  }

  private static List<String> play(VectorEnvironment batch) {
    List<String> played = new ArrayList<>();
    VectorStep step = new VectorStep(batch.count(), batch.observationSpace());
    batch.reset(Reset.seeded(3), step.observations);
    Pcg64 random = new Pcg64(1);
    float[] actions = new float[batch.count()];
    for (int t = 0; t < 300; t++) {
      for (int i = 0; i < actions.length; i++) {
        actions[i] = random.nextInt(2);
      }
      batch.step(actions, step);
      played.add(
          Arrays.toString(step.observations)
              + Arrays.toString(step.rewards)
              + Arrays.toString(step.terminated));
    }
    return played;
  }

  @Test
  void trainsToTheBitsOfTheEqualOrdinaryEnvironment() {
    Queue<Thread> threads = new ConcurrentLinkedQueue<>();
    float[] ordinary = trained(DrivenCorridor.Stepped::new);
    float[] driven = trained(() -> new DrivenCorridor(threads));
    assertThat(driven).isEqualTo(ordinary);
    assertThat(threads).isNotEmpty().noneMatch(Thread::isAlive);
  }

  /** The parameters of a policy that has learnt to go with, and against, the draught. */
  private static float[] trained(EnvironmentFactory corridor) {
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("given in Java").withCount(4),
                PpoConfig.defaults().withSteps(64).withMinibatchSize(64).withEpochs(4))
            .withSeed(3)
            .withStop(StopConfig.defaults().withEnvironmentSteps(4096));
    TrainingResult result =
        Trainer.builder(config)
            .environment(() -> new TimeLimit(corridor.create(), 50))
            .build()
            .train();
    assertThat(result.evaluation().orElseThrow().meanReturn()).isGreaterThan(0.1);
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void rewardsAddUpBetweenTwoDecisions() {
    try (Environment environment =
        driven(
            decisions -> {
              decisions.reward(0.25); // before the first action
              float[] first = decisions.act(new float[] {1});
              decisions.reward(first[0]);
              decisions.reward(0.5);
              decisions.act(new float[] {2});
              decisions.reward(-3);
              decisions.end(Decisions.End.TRUNCATED, new float[] {9});
            })) {
      assertThat(reset(environment, Reset.seeded(1))).isEqualTo(1);
      Step step = step(environment, 1);
      assertThat(step.observation[0]).isEqualTo(2);
      assertThat(step.reward).isEqualTo(1.75);
      assertThat(step.done()).isFalse();
      step = step(environment, 0);
      assertThat(step.observation[0]).isEqualTo(9);
      assertThat(step.reward).isEqualTo(-3);
      assertThat(step.truncated).isTrue();
      assertThat(step.terminated).isFalse();
      assertThatThrownBy(() -> step(environment, 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("no episode is running: reset before the next step");
    }
  }

  /** A factory that never closes: days are episodes. */
  private static DrivenEnvironment endless(AtomicInteger runs, AtomicInteger ends) {
    return driven(
        decisions -> {
          runs.incrementAndGet();
          try {
            for (int day = 0; ; day++) {
              for (int hour = 0; hour < 2; hour++) {
                decisions.act(new float[] {10 * day + hour});
              }
              decisions.end(Decisions.End.TRUNCATED, new float[] {10 * day + 2});
            }
          } finally {
            ends.incrementAndGet();
          }
        });
  }

  @Test
  void aRunThatNeverEndsHasOneEpisodeAfterTheOther() {
    AtomicInteger runs = new AtomicInteger();
    AtomicInteger ends = new AtomicInteger();
    try (Environment environment = endless(runs, ends)) {
      assertThat(reset(environment, Reset.seeded(1))).isEqualTo(0);
      assertThat(step(environment, 0).done()).isFalse();
      Step last = step(environment, 0);
      assertThat(last.truncated).isTrue();
      assertThat(last.observation[0]).isEqualTo(2);
      assertThat(reset(environment, Reset.unseeded())).as("the next day").isEqualTo(10);
      assertThat(runs).hasValue(1);
      step(environment, 0);
      assertThat(reset(environment, Reset.unseeded())).as("in the middle of a day").isEqualTo(0);
      assertThat(runs).hasValue(2);
      assertThat(ends).hasValue(1);
      step(environment, 0);
      step(environment, 0);
      assertThat(reset(environment, Reset.seeded(1))).as("with a seed").isEqualTo(0);
      step(environment, 0);
      step(environment, 0);
      assertThat(reset(environment, new Reset(null, Map.of("line", "b"))))
          .as("with other options")
          .isEqualTo(0);
      assertThat(runs).hasValue(4);
    }
    assertThat(ends).as("finally blocks are executed").hasValue(4);
  }

  @Test
  void seedsAndOptionsReachTheRun() {
    try (Environment environment =
        driven(
            decisions -> {
              decisions.act(new float[] {decisions.random().nextInt(1000)});
              decisions.act(
                  new float[] {((Number) decisions.options().getOrDefault("level", 7)).intValue()});
            })) {
      Pcg64 random = new Pcg64(5);
      assertThat(reset(environment, Reset.seeded(5))).isEqualTo(random.nextInt(1000));
      assertThat(step(environment, 0).observation[0]).isEqualTo(7);
      assertThat(reset(environment, new Reset(null, Map.of("level", 3))))
          .as("the random numbers go on")
          .isEqualTo(random.nextInt(1000));
      assertThat(step(environment, 0).observation[0]).isEqualTo(3);
    }
  }

  @Test
  void whatARunThrowsIsThrownByTheStepOrReset() {
    IllegalStateException own = new IllegalStateException("the machine broke");
    StackOverflowError deep = new StackOverflowError();
    IOException checked = new IOException("no plan");
    List<Throwable> thrown = List.of(own, deep, checked);
    AtomicInteger which = new AtomicInteger();
    try (Environment environment =
        driven(
            decisions -> {
              decisions.act(new float[] {0});
              Throwable next = thrown.get(which.getAndIncrement());
              if (next instanceof Error error) {
                throw error;
              }
              throw (Exception) next;
            })) {
      reset(environment, Reset.seeded(1));
      assertThatThrownBy(() -> step(environment, 0)).isSameAs(own);
      assertThat(own.getStackTrace()).isNotEmpty();
      reset(environment, Reset.unseeded());
      assertThatThrownBy(() -> step(environment, 0)).isSameAs(deep);
      reset(environment, Reset.unseeded());
      assertThatThrownBy(() -> step(environment, 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith(".run threw java.io.IOException: no plan")
          .hasCause(checked);
    }
    try (Environment broken =
        driven(
            decisions -> {
              throw own;
            })) {
      assertThatThrownBy(() -> reset(broken, Reset.seeded(1))).isSameAs(own);
    }
  }

  @Test
  void mistakesAreExplained() {
    try (Environment silent = driven(decisions -> {})) {
      assertThatThrownBy(() -> reset(silent, Reset.seeded(1)))
          .hasMessageEndingWith(
              ".run returned before it asked for a decision: call decisions.end(TERMINATED or"
                  + " TRUNCATED, observation) before that");
    }
    try (Environment cut = driven(decisions -> decisions.act(new float[] {0}))) {
      reset(cut, Reset.seeded(1));
      assertThatThrownBy(() -> step(cut, 0))
          .hasMessageContaining(".run returned in the middle of an episode: call decisions.end(");
    }
    try (Environment large = driven(decisions -> decisions.act(new float[] {0, 1}))) {
      assertThatThrownBy(() -> reset(large, Reset.seeded(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "the observation has 2 numbers but must have 1, as the spaces of");
    }
    try (Environment early =
        driven(decisions -> decisions.end(Decisions.End.TERMINATED, new float[] {0}))) {
      assertThatThrownBy(() -> reset(early, Reset.seeded(1)))
          .hasMessageEndingWith("ends that has not begun: ask for an action first");
    }
    try (Environment masked =
        driven(decisions -> decisions.act(new float[] {0}, new boolean[] {true, false}))) {
      assertThatThrownBy(() -> reset(masked, Reset.seeded(1)))
          .hasMessageEndingWith("gives a mask but its masksActions() is false: override it");
    }
    Environment closed = driven(decisions -> decisions.act(new float[] {0}));
    closed.close();
    assertThatThrownBy(() -> reset(closed, Reset.seeded(1))).hasMessageEndingWith("is closed");
  }

  @Test
  void masksAreThoseOfTheLastDecision() {
    class Masked extends DrivenEnvironment {
      Masked() {
        super(Box.of(0, 10, 1), new Discrete(2));
      }

      @Override
      protected void run(Decisions decisions) {
        decisions.act(new float[] {0}, new boolean[] {true, false});
        decisions.act(new float[] {1}, new boolean[] {false, true});
        decisions.act(new float[] {2});
        decisions.end(Decisions.End.TERMINATED, new float[] {3});
      }

      @Override
      public boolean masksActions() {
        return true;
      }
    }

    try (Environment environment = new Masked()) {
      boolean[] mask = new boolean[2];
      reset(environment, Reset.seeded(1));
      environment.actionMask(mask);
      assertThat(mask).containsExactly(true, false);
      step(environment, 0);
      environment.actionMask(mask);
      assertThat(mask).containsExactly(false, true);
      step(environment, 1);
      environment.actionMask(mask);
      assertThat(mask).containsExactly(true, true);
    }
    assertThat(EnvironmentChecker.check(Masked::new)).noneMatch(error -> error.contains("ask"));
  }

  @Test
  void anAbandonedRunEndsWithItsThreadAndItsFinallyBlocks() {
    List<String> told = new ArrayList<>();
    List<Thread> threads = new CopyOnWriteArrayList<>();
    Environment environment =
        driven(
            decisions -> {
              threads.add(Thread.currentThread());
              try {
                decisions.act(new float[] {0});
              } catch (RuntimeException e) {
                told.add("caught");
              } finally {
                told.add("finally");
              }
            });
    reset(environment, Reset.seeded(1));
    assertThat(threads).hasSize(1).allMatch(Thread::isAlive).allMatch(Thread::isDaemon);
    reset(environment, Reset.seeded(1));
    assertThat(threads).hasSize(2);
    assertThat(threads.get(0).isAlive()).isFalse();
    assertThat(told).containsExactly("finally");
    environment.close();
    environment.close();
    assertThat(threads).isNotEmpty().noneMatch(Thread::isAlive);
    assertThat(told).containsExactly("finally", "finally");
  }

  @Test
  void aRunThatCatchesItsEndAndReturnsHasEnded() {
    List<Thread> threads = new CopyOnWriteArrayList<>();
    Environment environment =
        driven(
            decisions -> {
              threads.add(Thread.currentThread());
              for (int i = 0; i < 5; i++) {
                try {
                  decisions.act(new float[] {0});
                } catch (Decisions.Abandoned e) {
                  assertThat(e).hasMessage("the run is abandoned: let this pass through it");
                }
              }
              throw new IllegalStateException("nobody hears this");
            });
    reset(environment, Reset.seeded(1));
    environment.close();
    assertThat(threads).isNotEmpty().noneMatch(Thread::isAlive);
  }

  @Test
  void aRunThatCatchesItsEndForEverIsReported() {
    Environment environment =
        driven(
            decisions -> {
              while (true) {
                try {
                  decisions.act(new float[] {0});
                } catch (Throwable e) {
                  // As an engine does that logs whatever its handlers throw.
                }
              }
            });
    reset(environment, Reset.seeded(1));
    assertThatThrownBy(() -> reset(environment, Reset.seeded(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith(
            ".run caught Decisions.Abandoned 100 times and asked again: throw it again, or catch"
                + " Exception where it catches Throwable");
    environment.close();
  }

  /** An engine may keep a thread of its own; decisions come from whichever has them to make. */
  @Test
  void decisionsMayComeFromAThreadOfTheSimulator() {
    try (Environment environment =
        driven(
            decisions -> {
              Thread engine = new Thread(() -> decisions.act(new float[] {4}));
              engine.start();
              engine.join();
              decisions.end(Decisions.End.TERMINATED, new float[] {5});
            })) {
      assertThat(reset(environment, Reset.seeded(1))).isEqualTo(4);
      assertThat(step(environment, 0).observation[0]).isEqualTo(5);
    }
  }

  @Test
  void anInterruptReachesTheSimulator() throws InterruptedException {
    CountDownLatch waits = new CountDownLatch(1);
    Environment environment =
        driven(
            decisions -> {
              decisions.act(new float[] {0});
              waits.countDown();
              new CountDownLatch(1).await();
            });
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicReference<Boolean> flag = new AtomicReference<>();
    Thread collector =
        new Thread(
            () -> {
              try {
                reset(environment, Reset.seeded(1));
                step(environment, 0);
              } catch (IllegalStateException e) {
                thrown.set(e.getCause());
                flag.set(Thread.currentThread().isInterrupted());
              }
            });
    collector.start();
    waits.await();
    collector.interrupt();
    collector.join();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    assertThat(flag.get()).as("the waiting thread keeps its flag").isTrue();
    environment.close();
  }

  @Test
  void closingFromBesideEndsARunThatDoesNotAsk() throws InterruptedException {
    CountDownLatch waits = new CountDownLatch(1);
    List<Thread> threads = new CopyOnWriteArrayList<>();
    Environment environment =
        driven(
            decisions -> {
              threads.add(Thread.currentThread());
              decisions.act(new float[] {0});
              waits.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                decisions.act(new float[] {1}); // ends here
              }
            });
    AtomicReference<String> message = new AtomicReference<>();
    Thread collector =
        new Thread(
            () -> {
              reset(environment, Reset.seeded(1));
              try {
                step(environment, 0);
              } catch (IllegalStateException e) {
                message.set(e.getMessage());
              }
            });
    collector.start();
    waits.await();
    environment.close();
    collector.join();
    assertThat(message.get()).endsWith("was closed during a step");
    assertThat(threads).isNotEmpty().noneMatch(Thread::isAlive);
  }
}
