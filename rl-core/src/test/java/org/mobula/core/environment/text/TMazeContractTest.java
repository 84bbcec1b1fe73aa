package org.mobula.core.environment.text;

import java.util.Map;
import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

class TMazeContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard().factory("TMaze-v0", Map.of("length", 4));
  }
}
