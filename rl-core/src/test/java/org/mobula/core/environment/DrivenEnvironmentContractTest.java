package org.mobula.core.environment;

class DrivenEnvironmentContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return DrivenCorridor::new;
  }
}
