package org.mobula.parameterserver;

import org.junit.jupiter.api.Nested;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.ParameterStoreContract;
import org.mobula.parameterserver.Shards.Setup;

/** One worker's store over shards keeps every promise of a store. */
class ServerParameterStoreContractTest {
  private abstract static class OverShards extends ParameterStoreContract {
    abstract int shards();

    boolean replicated() {
      return false;
    }

    @Override
    protected ParameterStore create(
        ParameterLayout layout, float[] initial, OptimizerConfig optimizer, double maxNorm) {
      // The kit also makes a store of four numbers, which are one block.
      int shards = Math.min(shards(), BlockNorm.blocks(layout.size()));
      Setup setup = Setup.of(shards).layout(layout).optimizer(optimizer).maxGradientNorm(maxNorm);
      Shards started = (replicated() ? setup.replicated() : setup).start(initial).replicate();
      return started.worker(layout, 0);
    }
  }

  @Nested
  class OneShard extends OverShards {
    @Override
    int shards() {
      return 1;
    }
  }

  @Nested
  class TwoShards extends OverShards {
    @Override
    int shards() {
      return 2;
    }
  }

  @Nested
  class TwoShardsWithReplicas extends OverShards {
    @Override
    int shards() {
      return 2;
    }

    @Override
    boolean replicated() {
      return true;
    }
  }
}
