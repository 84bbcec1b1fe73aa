package org.mobula.core.environment.box2d;

import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

class BipedalWalkerHardcoreContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard().factory("BipedalWalkerHardcore-v3");
  }
}
