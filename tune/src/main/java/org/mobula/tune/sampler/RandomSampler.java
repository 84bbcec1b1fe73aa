package org.mobula.tune.sampler;

import java.util.LinkedHashMap;
import java.util.Map;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.Parameter;

/** Chooses each parameter uniformly, in the logarithm where the parameter says so. */
public final class RandomSampler implements Sampler {
  @Override
  public Suggestion suggest(SamplingRequest request) {
    Pcg64 random = request.random();
    Map<String, Double> values = new LinkedHashMap<>();
    for (Parameter parameter : request.space().parameters()) {
      if (request.space().isActive(parameter, values)) {
        values.put(parameter.name(), parameter.draw(random));
      }
    }
    return Suggestion.of(values);
  }
}
