package org.mobula.core.collection;

import org.mobula.core.training.ExperienceSetup;

class RolloutCollectorContractTest extends ExperienceSourceContract {
  @Override
  protected ExperienceSource create(ExperienceSetup setup) {
    return setup.inProcess();
  }
}
