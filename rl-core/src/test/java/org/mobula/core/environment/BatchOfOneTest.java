package org.mobula.core.environment;

/** A corridor of a pool keeps what every environment keeps. */
class BatchOfOneTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return new CorridorPool.Factory();
  }
}
