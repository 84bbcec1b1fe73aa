package org.mobula.parameterserver.gpu;

class CpuArithmeticTest extends ShardArithmeticContract {
  @Override
  protected ShardArithmetic create() {
    return ShardArithmetic.onCpu();
  }
}
