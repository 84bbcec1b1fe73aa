package org.mobula.parameterserver;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;

/** Cuts saved states of all parameters into those of shards. */
final class StateSlices {
  private StateSlices() {}

  /** The part {@code [from, to)} of a saved state. */
  static StoreState cut(StoreState whole, int from, int to) {
    Map<String, float[]> moments = new LinkedHashMap<>();
    whole
        .moments()
        .forEach((name, moment) -> moments.put(name, Arrays.copyOfRange(moment, from, to)));
    ParameterSnapshot parameters =
        new ParameterSnapshot(
            whole.parameters().version(),
            Arrays.copyOfRange(whole.parameters().values(), from, to));
    StoreState slice = new StoreState(parameters, whole.optimizerSteps(), moments);
    return from == 0 ? slice.withGathered(whole.gathered()) : slice; // the first shard keeps it
  }
}
