package org.mobula.core.environment.text;

import java.util.Map;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentContract;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/** With masks, those of final observations included. */
class TaxiBatchContractTest extends VectorEnvironmentContract {
  @Override
  protected VectorEnvironmentFactory factory() {
    EnvironmentFactory taxi =
        EnvironmentCatalogue.standard()
            .factory("Taxi-v3", Map.of("action-mask", true, "max-episode-steps", 9));
    return count -> new SyncVectorEnvironment(taxi, count, AutoresetMode.SAME_STEP);
  }
}
