package org.mobula.core.environment;

import org.mobula.core.environment.classic.CartPole;

class ThreadedVectorEnvironmentContractTest extends VectorEnvironmentContract {
  @Override
  protected VectorEnvironmentFactory factory() {
    return count ->
        new ThreadedVectorEnvironment(
            () -> new TimeLimit(new CartPole(), 20), count, AutoresetMode.SAME_STEP, 2);
  }
}
