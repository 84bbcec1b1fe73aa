package org.mobula.rollout.gymnasium;

import java.util.Map;
import org.mobula.core.environment.VectorEnvironmentContract;
import org.mobula.core.environment.VectorEnvironmentFactory;

class PythonVectorEnvironmentContractTest extends VectorEnvironmentContract {
  @Override
  protected VectorEnvironmentFactory factory() {
    return FakeGymnasium.of("Masked-v0", Map.of());
  }
}
