package org.mobula.core.environment;

/** Simulators that drive themselves, several at once, on two threads. */
class DrivenBatchContractTest extends VectorEnvironmentContract {
  @Override
  protected VectorEnvironmentFactory factory() {
    return count ->
        new ThreadedVectorEnvironment(
            () -> new TimeLimit(new DrivenCorridor(), 9), count, AutoresetMode.SAME_STEP, 2);
  }
}
