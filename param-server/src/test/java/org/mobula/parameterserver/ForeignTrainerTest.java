package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.shard.Agreement;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/** A trainer that comes to shards where a run trains, and does not reach the primary. */
class ForeignTrainerTest {
  private static final ParameterLayout LAYOUT = new ParameterLayout.Builder().add("w", 4).build();
  private static final Patience PATIENCE =
      new Patience(Duration.ofMillis(200), Duration.ofMillis(600), 3);
  private static final long TICK = Duration.ofMillis(50).toNanos();

  private final AtomicLong now = new AtomicLong(1);
  private final ShardSetup setup =
      new ShardSetup(
          LAYOUT,
          0,
          4,
          Sgd.defaults(),
          0,
          new Asynchronous(),
          Duration.ofMinutes(10),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2));
  private final Shard primary = Shard.primary(setup, FloatSlice.of(new float[4]), now::get);
  private final Shard replica = Shard.replica(setup, now::get);

  private static Claim claim(String run, long session) {
    return new Claim(run, "here", 1, 0, session, 0);
  }

  private void train(String run) {
    primary.replicateTo(new LocalShardLink(replica));
    long hash = LayoutHash.of(LAYOUT);
    primary
        .join(new Join(0, 7, hash, 0, 4, Agreement.NONE, claim(run, 7), false, 0, Join.ANY_HISTORY))
        .join();
    assertThat(replica.status().join().role()).isEqualTo(Role.REPLICA);
  }

  private WorkerSession session(ShardLink first, Membership membership) {
    return new WorkerSession(
        LAYOUT,
        List.of(List.of(first, new LocalShardLink(replica))),
        membership,
        PATIENCE,
        now::get,
        event -> {});
  }

  private static Membership trainer(boolean takesOver, boolean resumes) {
    return new Membership(
        8, LayoutHash.of(LAYOUT), Agreement.NONE, claim("theirs", 8), takesOver, resumes);
  }

  /** One that a person has told to take over may; so may one that resumes the run. */
  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true"})
  void aNewRunHasNobodysReplicaTakeOver(boolean takesOver, boolean resumes) {
    train("ours");
    FragileLink dead = new FragileLink(new LocalShardLink(primary));
    dead.cut();
    WorkerSession session = session(dead, trainer(takesOver, resumes));
    CompletableFuture<Integer> joined = session.join(Join.ANY);
    for (int i = 0; i < 100; i++) {
      now.addAndGet(TICK);
      session.tick();
    }
    assertThat(joined).as("it is in, or knows that it cannot be").isDone();
    assertThat(replica.status().join().role())
        .isEqualTo(takesOver || resumes ? Role.LONE_PRIMARY : Role.REPLICA);
  }

  /** The two have changed places since the addresses were written, and now the primary is dead. */
  @Test
  void aReplicaThatIsNamedFirstTakesOver() {
    train("ours");
    FragileLink dead = new FragileLink(new LocalShardLink(primary));
    dead.cut();
    WorkerSession session =
        new WorkerSession(
            LAYOUT,
            List.of(List.of(new LocalShardLink(replica), dead)),
            trainer(true, false),
            new Patience(PATIENCE.probe(), PATIENCE.silence(), 40),
            now::get,
            event -> {});
    CompletableFuture<Integer> joined = session.join(Join.ANY);
    for (int i = 0; i < 100 && !joined.isDone(); i++) {
      now.addAndGet(TICK);
      session.tick();
    }
    assertThat(joined).isCompleted();
    assertThat(replica.status().join().role()).isEqualTo(Role.LONE_PRIMARY);
  }

  /** A machine that starts a process is slow with its first answer. */
  @Test
  void aShardThatHasNeverAnsweredIsNotSuspectedSoon() {
    train("ours");
    ShardLink silent =
        (ShardLink)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ShardLink.class},
                (link, method, arguments) ->
                    method.getReturnType().equals(CompletableFuture.class)
                        ? new CompletableFuture<>()
                        : null);
    WorkerSession session = session(silent, trainer(true, false));
    var unused = session.join(Join.ANY);
    long begun = now.get();
    while (replica.status().join().role() == Role.REPLICA) {
      now.addAndGet(TICK);
      session.tick();
    }
    assertThat(Duration.ofNanos(now.get() - begun))
        .isBetween(Duration.ofMillis(9_600), Duration.ofMillis(9_700));
  }
}
