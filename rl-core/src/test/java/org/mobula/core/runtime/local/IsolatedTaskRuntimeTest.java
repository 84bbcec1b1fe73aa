package org.mobula.core.runtime.local;

import org.mobula.core.runtime.Gate;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.TaskRuntimeContract;

class IsolatedTaskRuntimeTest extends TaskRuntimeContract {
  @Override
  protected TaskRuntime create(Resources resources) {
    return LocalTaskRuntime.builder().resources(resources).isolatedBut(Gate.class).build();
  }
}
