package org.mobula.core.runtime.local;

import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.TaskRuntimeContract;

class LocalTaskRuntimeTest extends TaskRuntimeContract {
  @Override
  protected TaskRuntime create(Resources resources) {
    return LocalTaskRuntime.builder().resources(resources).strict(false).build();
  }
}
