package org.mobula.core.environment.text;

import java.util.Map;
import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/** With masks, rain and a passenger who changes his mind. */
class TaxiContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard()
        .factory(
            "Taxi-v4", Map.of("action-mask", true, "is-rainy", true, "fickle-passenger", true));
  }
}
