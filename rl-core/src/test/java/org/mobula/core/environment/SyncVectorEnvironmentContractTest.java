package org.mobula.core.environment;

import org.mobula.core.environment.classic.CartPole;

class SyncVectorEnvironmentContractTest extends VectorEnvironmentContract {
  @Override
  protected VectorEnvironmentFactory factory() {
    return count ->
        new SyncVectorEnvironment(
            () -> new TimeLimit(new CartPole(), 20), count, AutoresetMode.SAME_STEP);
  }
}
