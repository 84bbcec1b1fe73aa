package org.mobula.tune;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.sampler.RandomSampler;
import org.mobula.tune.sampler.Sampler;
import org.mobula.tune.sampler.SamplingRequest;
import org.mobula.tune.sampler.Suggestion;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** The parameters of new trials: the sampler's, within the constraints. */
final class Proposals {
  /** Optuna's name for the parameters that a waiting trial was asked for with. */
  static final String FIXED = "fixed_params";

  private static final int SAMPLER_ATTEMPTS = 50;
  private static final int ATTEMPTS = 20_000;

  private final Study study;
  private final StudyRecord record;
  private final Sampler fallback = new RandomSampler();

  /** Parameters' numbers, and what is to be kept with the trial. */
  record Proposal(Map<String, Double> values, Map<String, Object> attributes) {}

  Proposals(Study study, StudyRecord record) {
    this.study = study;
    this.record = record;
  }

  SamplingRequest request(int attempt) {
    return new SamplingRequest(record, study.space, record.trials().size(), attempt, study.seed);
  }

  /**
   * The next trial's.
   *
   * @throws StudyException if no parameters seem to keep the constraints
   */
  Proposal next() {
    String broken = "";
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      // A sampler that insists must not hold up the study: chance finds a way, if there is one.
      Sampler sampler = attempt < SAMPLER_ATTEMPTS ? study.sampler : fallback;
      Suggestion suggestion = sampler.suggest(request(attempt));
      broken = study.space.broken(suggestion.values()).orElse("");
      if (broken.isEmpty()) {
        return new Proposal(suggestion.values(), suggestion.attributes());
      }
    }
    throw new StudyException(
        "%s choices of parameters all broke the constraint %s: it contradicts the space"
            .formatted(ATTEMPTS, broken));
  }

  /**
   * What a waiting trial was asked for with, and the sampler's for the rest. As in Optuna, a number
   * outside its range is taken, with a warning: whoever asks for it may know better than the range.
   *
   * @param warnings is told of what was asked for and is not in the space
   * @throws IllegalArgumentException if something that was asked for cannot be a value at all
   */
  Proposal completing(TrialRecord trial, Consumer<String> warnings) {
    Suggestion suggestion = study.sampler.suggest(request(0));
    Pcg64 random = new Pcg64(study.seed.stream("completed/" + trial.number()));
    Map<?, ?> fixed =
        trial.systemAttributes().get(FIXED) instanceof Map<?, ?> given ? given : Map.of();
    for (Object name : fixed.keySet()) {
      if (study.space.parameter(String.valueOf(name)).isEmpty()) {
        warnings.accept(
            "trial %s was asked for with %s, which is not in the space and is left out"
                .formatted(trial.number(), name));
      }
    }
    Map<String, Double> values = new LinkedHashMap<>();
    for (Parameter parameter : study.space.parameters()) {
      if (!study.space.isActive(parameter, values)) {
        continue;
      }
      Object asked = fixed.get(parameter.name());
      Double suggested = suggestion.values().get(parameter.name());
      double value =
          asked != null
              ? asked(trial, parameter, asked, warnings)
              : suggested != null ? suggested : parameter.draw(random);
      values.put(parameter.name(), value);
    }
    return new Proposal(values, suggestion.attributes());
  }

  private static double asked(
      TrialRecord trial, Parameter parameter, Object value, Consumer<String> warnings) {
    boolean held =
        value instanceof Number number
            && Math.abs(number.doubleValue()) <= IntParameter.MOST
            && (parameter instanceof FloatParameter
                || (parameter instanceof IntParameter
                    && number.doubleValue() == Math.rint(number.doubleValue())));
    if (!held || parameter.contains(((Number) value).doubleValue())) {
      return parameter.internal(value);
    }
    warnings.accept(
        "trial %s was asked for with %s = %s, which is outside %s: it is tried nevertheless"
            .formatted(trial.number(), parameter.name(), value, parameter));
    return ((Number) value).doubleValue();
  }
}
