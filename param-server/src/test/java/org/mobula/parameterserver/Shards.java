package org.mobula.parameterserver;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardSetup;

/** Shards in this JVM, as tests want them. */
record Shards(List<Shard> primaries, List<Shard> replicas) {
  /** Three blocks, the last of which is short. */
  static final ParameterLayout LAYOUT =
      new ParameterLayout.Builder()
          .group("policy")
          .add("policy.0.weight", 70, 120)
          .add("policy.0.bias", 70)
          .group("log_std")
          .add("log_std", 3)
          .build();

  record Setup(
      ParameterLayout layout,
      int shards,
      OptimizerConfig optimizer,
      double maxGradientNorm,
      Consistency consistency,
      boolean replicas,
      LongSupplier nanoClock) {
    static Setup of(int shards) {
      return new Setup(
          LAYOUT,
          shards,
          Sgd.defaults(),
          0,
          Consistency.Synchronous.defaults(),
          false,
          System::nanoTime);
    }

    Setup layout(ParameterLayout wanted) {
      return new Setup(
          wanted, shards, optimizer, maxGradientNorm, consistency, replicas, nanoClock);
    }

    Setup optimizer(OptimizerConfig wanted) {
      return new Setup(layout, shards, wanted, maxGradientNorm, consistency, replicas, nanoClock);
    }

    Setup maxGradientNorm(double wanted) {
      return new Setup(layout, shards, optimizer, wanted, consistency, replicas, nanoClock);
    }

    Setup consistency(Consistency wanted) {
      return new Setup(layout, shards, optimizer, maxGradientNorm, wanted, replicas, nanoClock);
    }

    Setup replicated() {
      return new Setup(layout, shards, optimizer, maxGradientNorm, consistency, true, nanoClock);
    }

    Setup nanoClock(LongSupplier wanted) {
      return new Setup(layout, shards, optimizer, maxGradientNorm, consistency, replicas, wanted);
    }

    ShardSetup shard(Range range) {
      return new ShardSetup(
          layout,
          range.from(),
          range.to(),
          optimizer,
          maxGradientNorm,
          consistency,
          Duration.ofSeconds(10),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2));
    }

    Shards start(float[] initial) {
      List<Shard> primaries = new ArrayList<>();
      List<Shard> replicas = new ArrayList<>();
      for (Range range : ShardRanges.cut(layout, shards).ranges()) {
        primaries.add(
            Shard.primary(
                shard(range), new FloatSlice(initial, range.from(), range.size()), nanoClock));
        if (this.replicas) {
          replicas.add(Shard.replica(shard(range), nanoClock));
        }
      }
      return new Shards(primaries, replicas);
    }
  }

  /** Tells each primary of its replica, in this JVM. */
  Shards replicate() {
    for (int i = 0; i < replicas.size(); i++) {
      primaries.get(i).replicateTo(new LocalShardLink(replicas.get(i)));
    }
    return this;
  }

  List<List<ShardLink>> links() {
    List<List<ShardLink>> links = new ArrayList<>();
    for (int i = 0; i < primaries.size(); i++) {
      List<ShardLink> each = new ArrayList<>();
      each.add(new LocalShardLink(primaries.get(i)));
      if (!replicas.isEmpty()) {
        each.add(new LocalShardLink(replicas.get(i)));
      }
      links.add(each);
    }
    return links;
  }

  ServerParameterStore worker(ParameterLayout layout, int number) {
    return ServerParameterStore.join(layout, links(), number, number + 1, Patience.defaults());
  }
}
