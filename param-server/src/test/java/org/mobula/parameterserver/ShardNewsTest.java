package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardEvent.Kind;
import org.mobula.parameterserver.shard.ShardSetup;

/** What a learner reports of what its shards say. */
class ShardNewsTest {
  private static final ParameterLayout LAYOUT = new ParameterLayout.Builder().add("w", 4).build();

  private final AtomicLong now = new AtomicLong(1);
  private final List<ShardEvent> heard = new ArrayList<>();

  private Shard primary() {
    ShardSetup setup =
        new ShardSetup(
            LAYOUT,
            0,
            4,
            Sgd.defaults(),
            0,
            new Asynchronous(),
            Duration.ofSeconds(10),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2));
    Shard shard = Shard.primary(setup, FloatSlice.of(new float[4]), now::get);
    shard.listen(event -> {});
    return shard;
  }

  private ShardNews begin() {
    now.addAndGet(Duration.ofSeconds(3).toNanos());
    return new ShardNews(heard::add, now::get);
  }

  private List<Kind> kinds() {
    return heard.stream().map(ShardEvent::kind).toList();
  }

  @Test
  void whatWasBeforeTheLearnerBeganIsNoNews() {
    Shard shard = primary();
    shard.join(new Join(0, 7, LayoutHash.of(LAYOUT), 0, 4)).join();
    ShardNews news = begin();
    news.heard(shard, shard.status().join());
    assertThat(heard).isEmpty();
    shard.join(new Join(1, 8, LayoutHash.of(LAYOUT), 0, 4)).join();
    news.heard(shard, shard.status().join());
    news.heard(shard, shard.status().join());
    assertThat(kinds()).containsExactly(Kind.LEARNER_JOINED);
  }

  @Test
  void aReplicaThatIsMissingStillIs() {
    Shard shard = primary();
    shard.lacksReplica();
    ShardNews news = begin();
    news.heard(shard, shard.status().join());
    news.heard(shard, shard.status().join());
    assertThat(kinds()).containsExactly(Kind.REPLICA_MISSING);
    assertThat(heard.get(0).toString())
        .isEqualTo(
            "shard 0: there should be a replica (parameters.server.replicas), but this shard was not"
                + " told of any, so nobody takes over when it fails: start it anew and name its"
                + " replica");
    assertThat(news.counts()).containsEntry(Kind.REPLICA_MISSING, 1L);
  }

  @Test
  void aReplicaThatIsMissingSinceTheLearnerBeganIsReportedOnce() {
    Shard shard = primary();
    ShardNews news = begin();
    shard.lacksReplica();
    now.addAndGet(1);
    news.heard(shard, shard.status().join());
    news.heard(shard, shard.status().join());
    assertThat(kinds()).containsExactly(Kind.REPLICA_MISSING);
  }
}
