package org.mobula.parameterserver.shard;

import org.junit.jupiter.api.extension.ExtendWith;
import org.mobula.parameterserver.gpu.ShardArithmetic;
import org.mobula.parameterserver.gpu.WhereThereIsAGpu;

/** On the first GPU of this machine. */
@ExtendWith(WhereThereIsAGpu.class)
class GpuShardTest extends ShardDeviceContract {
  @Override
  protected ShardArithmetic arithmetic() {
    return ShardArithmetic.onGpu(0);
  }
}
