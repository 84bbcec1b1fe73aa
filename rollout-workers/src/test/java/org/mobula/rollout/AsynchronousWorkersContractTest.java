package org.mobula.rollout;

import org.junit.jupiter.api.AfterEach;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.collection.ExperienceSourceContract;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.config.TrainingConfig;

class AsynchronousWorkersContractTest extends ExperienceSourceContract {
  private final TaskRuntime runtime = LocalTaskRuntime.builder().cpus(2).build();

  @Override
  protected TrainingConfig configured(TrainingConfig config) {
    return config.withWorkers(config.workers().withCount(2).withAsynchronous(true));
  }

  @Override
  protected int maxLag() {
    return 1;
  }

  @Override
  protected ExperienceSource create(ExperienceSetup setup) {
    return RolloutWorkers.on(runtime).apply(setup);
  }

  @AfterEach
  void close() {
    runtime.close();
  }
}
