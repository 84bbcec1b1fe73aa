package org.mobula.parameterserver.gpu;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The whole contract on the first GPU of this machine. */
@ExtendWith(GpuArithmeticTest.WhereThereIsAGpu.class)
class GpuArithmeticTest extends ShardArithmeticContract {
  @Override
  protected ShardArithmetic create() {
    return ShardArithmetic.onGpu(0);
  }

  /** Skips with what the machine lacks. */
  static final class WhereThereIsAGpu implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      GpuDevices found = GpuDevices.find();
      return found.count() > 0
          ? ConditionEvaluationResult.enabled(found.description())
          : ConditionEvaluationResult.disabled(
              "needs an NVIDIA GPU, but this machine has " + found.description());
    }
  }
}
