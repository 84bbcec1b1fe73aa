package org.mobula.core.environment.text;

import java.util.Map;
import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

class PositionOnlyCartPoleContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard().factory("PositionOnlyCartPole-v1", Map.of());
  }
}
