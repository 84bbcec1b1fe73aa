package org.mobula.parameterserver.gpu;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips a test where there is no GPU, with what the machine lacks. */
public final class WhereThereIsAGpu implements ExecutionCondition {
  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    GpuDevices found = GpuDevices.find();
    return found.count() > 0
        ? ConditionEvaluationResult.enabled(found.description())
        : ConditionEvaluationResult.disabled(
            "needs an NVIDIA GPU, but this machine has " + found.description());
  }
}
