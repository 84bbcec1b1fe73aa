package org.mobula.tune;

import java.util.Map;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;

/** How many trials fit on a runtime. */
final class Places {
  private Places() {}

  static int fitting(TaskRuntime runtime, Resources each) {
    long most = Integer.MAX_VALUE;
    for (Map.Entry<String, Long> resource : each.micros().entrySet()) {
      most =
          Math.min(most, runtime.totalResources().micros(resource.getKey()) / resource.getValue());
    }
    return (int) most;
  }
}
