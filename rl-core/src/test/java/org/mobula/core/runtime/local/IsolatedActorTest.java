package org.mobula.core.runtime.local;

import org.mobula.core.runtime.ActorContract;
import org.mobula.core.runtime.Gate;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;

class IsolatedActorTest extends ActorContract {
  @Override
  protected TaskRuntime create(Resources resources) {
    return LocalTaskRuntime.builder().resources(resources).isolatedBut(Gate.class).build();
  }
}
