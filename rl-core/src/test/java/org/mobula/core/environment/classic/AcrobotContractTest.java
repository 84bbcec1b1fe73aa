package org.mobula.core.environment.classic;

import java.util.Map;
import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

class AcrobotContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard().factory("Acrobot-v1", Map.of());
  }
}
