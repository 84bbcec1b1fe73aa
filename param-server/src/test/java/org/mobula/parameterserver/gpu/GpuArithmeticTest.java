package org.mobula.parameterserver.gpu;

import org.junit.jupiter.api.extension.ExtendWith;

/** The whole contract on the first GPU of this machine. */
@ExtendWith(WhereThereIsAGpu.class)
class GpuArithmeticTest extends ShardArithmeticContract {
  @Override
  protected ShardArithmetic create() {
    return ShardArithmetic.onGpu(0);
  }
}
