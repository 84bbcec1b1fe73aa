package org.mobula.core.environment.text;

import java.util.Map;
import org.mobula.core.environment.EnvironmentContract;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/** With all of its rules. */
class GridWorldContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return EnvironmentCatalogue.standard()
        .factory(
            "GridWorld-v0",
            Map.of("map", "S.#/..G/9X.", "slip", 0.2, "action-mask", true, "one-goal", true));
  }
}
