package org.mobula.core.environment;

class CorridorPoolContractTest extends VectorEnvironmentContract {
  @Override
  protected VectorEnvironmentFactory factory() {
    return new CorridorPool.Factory();
  }
}
