package org.mobula.core.environment.box2d;

import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

class LunarLanderContinuousContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard().factory("LunarLanderContinuous-v3");
  }
}
